import { createTheme, type MantineColorsTuple } from '@mantine/core';

const teal: MantineColorsTuple = [
  '#e9f6f7',
  '#d3e9eb',
  '#a3d3d7',
  '#70bcc3',
  '#48a9b2',
  '#2c959f',
  '#177a84',
  '#0f5c63',
  '#0c4b51',
  '#083a3f',
];

const red: MantineColorsTuple = [
  '#fdeaea',
  '#f9d0d2',
  '#f0a1a5',
  '#e67077',
  '#db474f',
  '#cb2731',
  '#b3161f',
  '#9f1420',
  '#80101a',
  '#620b13',
];

/** Noto Sans SC travels with the console: many ward computers have no Chinese font. */
export const theme = createTheme({
  colors: { teal, red },
  primaryColor: 'teal',
  primaryShade: { light: 7, dark: 6 },
  fontFamily: '"Noto Sans SC", system-ui, sans-serif',
  headings: { fontFamily: '"Noto Sans SC", system-ui, sans-serif' },
  defaultRadius: 6,
  cursorType: 'pointer',
  respectReducedMotion: true,
  focusRing: 'never',
});
