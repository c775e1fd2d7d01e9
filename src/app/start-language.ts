import { readFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import { z } from 'zod';
import { defaultLanguage } from '../ui/i18n/index.ts';
import type { Language } from '../ui/i18n/types.ts';

const chosenSchema = z.object({ interface: z.object({ language: z.enum(['en', 'zh']) }) });

/** The language the settings file names; when it names none, that of the environment (`LANG=zh_CN.UTF-8`). */
export function startLanguage(file: string, env: NodeJS.ProcessEnv): Language {
  try {
    return chosenSchema.parse(parse(readFileSync(file, 'utf8'))).interface.language;
  } catch {
    // No file, no such line, or a broken one, of which the settings themselves warn.
    return defaultLanguage(env);
  }
}
