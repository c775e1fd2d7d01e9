import { chosenInterface } from '../platform/config.ts';
import { defaultLanguage } from '../ui/i18n/index.ts';
import type { Language } from '../ui/i18n/types.ts';
import { defaultTheme, type ThemeName } from '../ui/theme.ts';

/** What the screen begins with. */
export interface StartLook {
  readonly language: Language;
  readonly theme: ThemeName;
  readonly mouse: boolean;
}

/**
 * Language, theme and mouse to start with: what the settings file names, else what the environment says (`LANG`,
 * `NO_COLOR`, `TERM`, `STY`). The settings themselves can't tell, as they have a default for each. In GNU screen the
 * mouse is off: while it is on, screen 4.9 keeps the Esc key back until the next key.
 */
export function startLook(file: string, env: NodeJS.ProcessEnv): StartLook {
  const { language, theme, mouse } = chosenInterface(file);
  return {
    language: language ?? defaultLanguage(env),
    theme: defaultTheme(env, theme),
    mouse: mouse ?? !env['STY'],
  };
}
