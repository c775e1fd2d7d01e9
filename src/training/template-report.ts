import type { ServingChat } from './serving-chat.ts';
import type { TemplateCheck } from './template-check.ts';

/** Tokens shown on each side of the first that differs. */
const AROUND = 6;
const WIDTH = 36;
const SIDE_NAMES = {
  transformers: "the folder's chat template, as vLLM reads it",
  gguf: 'the GGUF, as the embedded server reads it',
} as const;

/** What a check found, for a person: both renderings side by side around the first token that differs, then whole. */
export function checkReport(check: TemplateCheck, template: string, side: ServingChat): string {
  const said = [`Template ${template}, served from ${SIDE_NAMES[check.side]}`];
  const { difference } = check;
  if (!difference) {
    const where = check.cut ? 'its beginning (it is cut off)' : 'all of it';
    said.push(
      `The same tokens: ${check.promptTokens} of the prompt, ${check.targetTokens} learnt; compared: ${where}.`,
    );
    return `${said.join('\n')}\n`;
  }
  const { part, at, trained, served } = difference;
  return [
    ...said,
    `DIFFERENT in the ${part}, first at token ${at}.`,
    '',
    ...differingTokens(check, side),
    '',
    '===== trained on =====',
    side.decode(trained),
    '',
    '===== served =====',
    side.decode(served),
    '',
  ].join('\n');
}

/** The tokens around the first that differs, one a line: place, trained, served. */
export function differingTokens({ difference }: TemplateCheck, side: ServingChat): string[] {
  if (!difference) return [];
  const { at, trained, served } = difference;
  const [from, to] = [Math.max(0, at - AROUND), Math.min(Math.max(trained.length, served.length), at + AROUND)];
  const token = (ids: readonly number[], place: number): string => {
    const id = ids[place];
    return id === undefined ? '(end)' : `${id} ${JSON.stringify(side.decode([id]))}`;
  };
  const row = (mark: string, place: string, left: string, right: string) =>
    `${mark} ${place.padStart(6)}  ${left.padEnd(WIDTH)}  ${right}`.trimEnd();
  return [
    row(' ', 'token', 'trained on', 'served'),
    ...Array.from({ length: to - from }, (_, index) => {
      const place = from + index;
      const [left, right] = [token(trained, place), token(served, place)];
      return row(left === right ? ' ' : '≠', String(place), left, right);
    }),
  ];
}
