/** How a terminal makes itself known: 0x0100 when it has no code yet, then 0x0102 (JT/T 808-2019 4.2). */
import type { Terminal } from '../../containers/ingest/src/jt808/header.ts';
import { LineError, type Line } from './line.ts';
import type { Stats } from './stats.ts';

/** The platform has said no. */
export class RefusedError extends LineError {
  override name = 'RefusedError';
}

export interface Identity {
  /** Digits. */
  readonly id: string;
  readonly terminal: Terminal;
}

/** Seven characters, which is what the shortest layout has room for. */
export const terminalIdOf = (id: string): string => id.slice(-7).padStart(7, '0');

export const plateOf = (id: string): string => `沪A${id.slice(-5)}`;

/** @returns the code to come with next time. @throws RefusedError, LineError when no reply comes. */
export async function login(
  line: Line,
  { id, terminal }: Identity,
  code: string | undefined,
  stats: Stats,
): Promise<string> {
  let authCode = code;
  if (authCode === undefined) {
    const reply = await line.ask('register', {
      layout: terminal.version,
      province: 31,
      city: 115,
      manufacturer: 'SLUIC',
      model: 'SIM-1',
      terminalId: terminalIdOf(id),
      plateColor: 1,
      plate: plateOf(id),
    });
    const result = reply.name === 'registerReply' ? reply.value.result : -1;
    if (reply.name !== 'registerReply' || result !== 0) throw new RefusedError(`registration refused (${result})`);
    authCode = reply.value.authCode ?? '';
    stats.registered += 1;
  }
  const reply = await line.ask('authenticate', { authCode, imei: '860000000000000', softwareVersion: '1.0' });
  const result = reply.name === 'platformReply' ? reply.value.result : -1;
  if (result !== 0) throw new RefusedError(`authentication refused (${result})`);
  stats.authenticated += 1;
  return authCode;
}
