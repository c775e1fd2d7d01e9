/** What a colour means. Components name these and never a colour. */
export type StyleName =
  | 'text'
  | 'muted'
  | 'accent'
  | 'good'
  | 'warn'
  | 'bad'
  | 'selection'
  | 'border'
  | 'borderFocus'
  | 'highlight';

/** Props of Ink's `<Text>`. */
export interface TextStyle {
  readonly color?: string;
  readonly backgroundColor?: string;
  readonly bold?: boolean;
  readonly dimColor?: boolean;
  readonly inverse?: boolean;
  readonly underline?: boolean;
}

export type ThemeName = 'dark' | 'light' | 'ansi' | 'none';
export type Theme = Readonly<Record<StyleName, TextStyle>>;

export const themeNames = ['dark', 'light', 'ansi', 'none'] as const satisfies readonly ThemeName[];

export const themes: Readonly<Record<ThemeName, Theme>> = {
  dark: {
    text: {},
    muted: { color: '#8a93a3' },
    accent: { color: '#6cb6ff' },
    good: { color: '#7bd88f' },
    warn: { color: '#f2c35b' },
    bad: { color: '#ff7b72' },
    selection: { color: '#ffffff', backgroundColor: '#2b4a75' },
    border: { color: '#4b5362' },
    borderFocus: { color: '#6cb6ff' },
    highlight: { color: '#1b1f27', backgroundColor: '#f2c35b' },
  },
  light: {
    text: {},
    muted: { color: '#5f6875' },
    accent: { color: '#0b5cad' },
    good: { color: '#1a7f37' },
    warn: { color: '#8a5a00' },
    bad: { color: '#c0271d' },
    selection: { color: '#0a2540', backgroundColor: '#bcd9f7' },
    border: { color: '#a9b1bc' },
    borderFocus: { color: '#0b5cad' },
    highlight: { color: '#2b2100', backgroundColor: '#ffe08a' },
  },
  ansi: {
    text: {},
    muted: { dimColor: true },
    accent: { color: 'cyan' },
    good: { color: 'green' },
    warn: { color: 'yellow' },
    bad: { color: 'red' },
    selection: { inverse: true },
    border: { dimColor: true },
    borderFocus: { color: 'cyan' },
    highlight: { color: 'black', backgroundColor: 'yellow' },
  },
  // NO_COLOR asks for no colour, not for no emphasis: bold, inverse and underline stay.
  none: {
    text: {},
    muted: {},
    accent: { bold: true },
    good: {},
    warn: { bold: true },
    bad: { bold: true },
    selection: { inverse: true },
    border: {},
    borderFocus: { bold: true },
    highlight: { underline: true, bold: true },
  },
};

/** The theme to start with: `NO_COLOR` wins, then what the user set, then 16 colours on terminals that have no more. */
export function defaultTheme(env: NodeJS.ProcessEnv, wanted?: ThemeName): ThemeName {
  if (env['NO_COLOR']) return 'none';
  if (wanted) return wanted;
  const many = /256|truecolor|24bit|kitty|direct/.test(`${env['TERM'] ?? ''} ${env['COLORTERM'] ?? ''}`);
  return many ? 'dark' : 'ansi';
}
