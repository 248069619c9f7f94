/** Names of the 32 alarm bits of a location report (JT/T 808-2019 table 24), by bit. */
export const alarmNames: readonly string[] = (
  'sos overspeed fatigue dangerous-driving gnss-fault antenna-open antenna-short undervoltage ' +
  'power-lost display-fault tts-fault camera-fault ic-card-fault overspeed-warning fatigue-warning illegal-driving ' +
  'tyre-pressure right-turn-blind-spot daily-driving-time parking-overtime area route segment-time route-deviation ' +
  'vss-fault fuel stolen illegal-ignition illegal-move collision rollover-warning illegal-door-open'
).split(' ');

/** Of these: somebody may need help. No limit of a day keeps them from being told. */
export const emergencyNames: ReadonlySet<string> = new Set(['sos', 'collision', 'rollover-warning']);
