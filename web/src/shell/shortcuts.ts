/** Every key that does something, by where it does it: the list that `?` opens. Pure. */

interface Shortcut {
  /** As they stand on a keyboard; any of them does it. */
  readonly keys: readonly string[];
  readonly does: string;
}

export interface Shortcuts {
  readonly where: string;
  readonly list: readonly Shortcut[];
}

const key = (does: string, ...keys: string[]): Shortcut => ({ keys, does });

export const shortcuts: readonly Shortcuts[] = [
  {
    where: 'Everywhere',
    list: [
      key('This list', '?'),
      key('Search', '/'),
      key('Open or close the uploads', 'u'),
      key('Close what is open, or choose nothing', 'Esc'),
    ],
  },
  {
    where: 'A video',
    list: [
      key('Play or pause', 'Space', 'k'),
      key('10 s back, 10 s on', 'j', 'l'),
      key('5 s back, 5 s on', '←', '→'),
      key('Louder, quieter', '↑', '↓'),
      key('To tenths of its length', '0 – 9'),
      key('Slower, faster', '<', '>'),
      key('A picture back, a picture on', ',', '.'),
      key('Captions', 'c'),
      key('Sound', 'm'),
      key('Full screen', 'f'),
    ],
  },
  {
    where: 'A device',
    list: [
      key('Play or pause', 'Space', 'k'),
      key('10 s back, 10 s on', 'j', 'l'),
      key('Slower, faster', '<', '>'),
      key('A picture back, a picture on', ',', '.'),
      key('Sound', 'm'),
      key('Full screen', 'f'),
      key('On the time line: 5 s', '←', '→'),
      key('On the time line: a minute', '↑', '↓'),
      key('On the time line: 10 minutes', 'Page ↑', 'Page ↓'),
      key('On the time line: first, last recording', 'Home', 'End'),
    ],
  },
  {
    where: 'A tile of the live wall',
    list: [key('Sound', 'm'), key('Full screen', 'f'), key('Take it off the wall', 'Delete')],
  },
];
