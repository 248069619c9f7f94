/** What must hold of a case. */
import { atMost, type Bar } from '../report.ts';
import type { Case } from './case.ts';

const MB_A_MIB = 1024 ** 2 / 1e6;

export function barsOf(one: Case, label: string): Bar[] {
  const worst = (of: (rung: Case['rungs'][number]) => number) => Math.max(...one.rungs.map(of));
  return [
    atMost(`${label}ladder CPU over the classic ladder's`, one.ratio, '', 1.05),
    atMost(
      `${label}bytes of a rung over the classic one's`,
      worst((r) => r.bytes / r.classicBytes),
      '',
      1.03,
    ),
    atMost(
      `${label}fullest segment over its maxrate`,
      worst((r) => r.fullest),
      '',
      1.1,
    ),
    atMost(
      `${label}SSIM below the classic one, overall`,
      worst((r) => r.classicSsim.overall - r.ssim.overall),
      '',
      0.003,
    ),
    atMost(
      `${label}SSIM below the classic one, at borders of chunks`,
      worst((r) => r.classicSsim.atBorders - r.ssim.atBorders),
      '',
      0.006,
    ),
    atMost(`${label}bytes read of the source to copy it`, one.copy.readShare, '', 1.1),
    atMost(`${label}memory of copying`, one.copy.memoryMiB * MB_A_MIB, 'MB', 300),
  ];
}
