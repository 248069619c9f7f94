/** Text that does not pack: of letters and digits, the same each time. */
const ALL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export const letters = (random: () => number, count: number): string =>
  Array.from({ length: count }, () => ALL[Math.floor(random() * ALL.length)]).join('');
