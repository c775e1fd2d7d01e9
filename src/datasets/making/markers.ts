import type { PromptLanguage } from './prompts.ts';

/** What stands around a marked output. */
export const startMark = (key: string): string => `{{${key}_START}}`;
export const endMark = (key: string): string => `{{${key}_END}}`;

export const wrap = (key: string, output: string): string => `${startMark(key)}${output}${endMark(key)}`;

/** What a prompt adds, so that a model knows of the marks. */
export const markerInstruction = (key: string, language: PromptLanguage): string =>
  language === 'zh'
    ? `请把答案放在 ${startMark(key)} 和 ${endMark(key)} 之间。`
    : `Put the answer between ${startMark(key)} and ${endMark(key)}.`;

/** What stands between the marks: of several the last, since models think before they answer. Undefined without both marks. */
export function readMarked(key: string, output: string): string | undefined {
  const start = output.lastIndexOf(startMark(key));
  if (start < 0) return undefined;
  const from = start + startMark(key).length;
  const end = output.indexOf(endMark(key), from);
  return end < 0 ? undefined : output.slice(from, end);
}
