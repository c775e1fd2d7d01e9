import { readStatus } from '../platform/status.ts';
import { t } from './i18n/index.ts';

/** What is waited for, in the language of the screen; a text that is none of ours comes as it is. */
export function shownStatus(text: string): string {
  const status = readStatus(text);
  if (!status) return text;
  const values = Object.entries(status.values).map(([name, value]) => [
    name,
    name === 'why' ? shownStatus(value) : value,
  ]);
  return t(`status.${status.code}`, Object.fromEntries(values));
}
