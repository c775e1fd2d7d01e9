import { readFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import { z } from 'zod';
import { defaultLanguage } from '../ui/i18n/index.ts';
import type { Language } from '../ui/i18n/types.ts';
import { defaultTheme, type ThemeName, themeNames } from '../ui/theme.ts';

const chosenSchema = z.object({
  language: z.enum(['en', 'zh']).optional().catch(undefined),
  theme: z.enum(themeNames).optional().catch(undefined),
  mouse: z.boolean().optional().catch(undefined),
});

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
  const { language, theme, mouse } = chosen(file);
  return {
    language: language ?? defaultLanguage(env),
    theme: defaultTheme(env, theme),
    mouse: mouse ?? !env['STY'],
  };
}

function chosen(file: string): z.infer<typeof chosenSchema> {
  try {
    return chosenSchema.parse(parse(readFileSync(file, 'utf8'))['interface']);
  } catch {
    // No file, no such table, or a broken one, of which the settings themselves warn.
    return {};
  }
}
