import { createTheme, type MantineColorsTuple } from '@mantine/core';

/** The one accent: water. 7-9 carry white text, 3-5 are for dark surfaces. */
const water: MantineColorsTuple = [
  '#e5f6fa',
  '#cfeaf1',
  '#a3d8e5',
  '#6fc6da',
  '#45b1c9',
  '#2597b1',
  '#127f99',
  '#0b6e85',
  '#075b6f',
  '#04485a',
];

/** Neutral surfaces of the dark scheme, from text to page. */
const dark: MantineColorsTuple = [
  '#e4e8eb',
  '#c6cdd2',
  '#a2acb4',
  '#7d8891',
  '#3b444b',
  '#2c343a',
  '#1c2226',
  '#12171a',
  '#0e1215',
  '#090c0e',
];

export const theme = createTheme({
  colors: { water, dark },
  primaryColor: 'water',
  // Both carry white text at 4.5:1 or better.
  primaryShade: { light: 7, dark: 6 },
  defaultRadius: 'md',
  cursorType: 'pointer',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '18px' },
  headings: { fontWeight: '650' },
  focusRing: 'auto',
  components: {
    // The page keeps its scroll bar under a dialog (app.css), and so its width: nothing moves when one opens.
    Modal: { defaultProps: { removeScrollProps: { removeScrollBar: false } } },
  },
});
