/** What the simulator has done so far; plain numbers that only grow, but for those said to be current. */

export interface Stats {
  /** Current. */
  online: number;
  /** Current: streams whose connection is open. */
  streaming: number;
  registered: number;
  authenticated: number;
  /** Registrations and authentications that the platform refused. */
  refused: number;
  controlConnections: number;
  mediaConnections: number;
  locations: number;
  /** Frames of the control connections, both ways. */
  framesSent: number;
  framesReceived: number;
  pictures: number;
  sounds: number;
  packets: number;
  mediaBytes: number;
  /** Pictures and sounds left out because the connection did not take them. */
  skipped: number;
  /** Faults made: packets and pieces not sent, runs of garbage, wrong checksums, streams cut. */
  lost: number;
  garbage: number;
  badChecksums: number;
  cut: number;
  alarms: number;
  filesSent: number;
  /** Ranges of files that the platform asked for again. */
  rangesResent: number;
}

export const newStats = (): Stats => ({
  online: 0,
  streaming: 0,
  registered: 0,
  authenticated: 0,
  refused: 0,
  controlConnections: 0,
  mediaConnections: 0,
  locations: 0,
  framesSent: 0,
  framesReceived: 0,
  pictures: 0,
  sounds: 0,
  packets: 0,
  mediaBytes: 0,
  skipped: 0,
  lost: 0,
  garbage: 0,
  badChecksums: 0,
  cut: 0,
  alarms: 0,
  filesSent: 0,
  rangesResent: 0,
});
