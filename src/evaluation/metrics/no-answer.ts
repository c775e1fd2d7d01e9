import { folded } from './folded.ts';
import type { Metric } from './types.ts';

/** How answers begin that do not answer; of whole answers, not of a sentence within one. */
const REFUSALS: readonly RegExp[] = [
  /^(?:i am |i'm )?sorry\b/,
  /^(?:i|we) (?:do not|don't|cannot|can't|can not|am not able to|am unable to|could not|couldn't) (?:know|answer|find|determine|provide|tell|help)/,
  /^(?:the )?(?:provided |given )?(?:context|passage|text|document|information)(?: provided| given)? (?:does not|doesn't|do not) (?:contain|mention|provide|include|say|specify|state)/,
  /^(?:there is |there's )?(?:no|not enough|insufficient) (?:information|answer|context|mention)/,
  /^(?:unknown|n\/a|none|not (?:mentioned|given|stated|provided|available|specified))\.?$/,
  /^(?:抱歉|对不起|很抱歉|不好意思)/,
  /^(?:我|根据.{0,12})?(?:不知道|(?:无法|不能)(?:回答|确定|得知|找到|提供|判断))/,
  /^(?:文中|文段|上下文|文章|已知文段|原文|材料)(?:中)?(?:没有|未|并未|并没有)(?:提及|提到|说明|给出|包含)/,
  /^(?:没有|无)(?:答案|相关信息|足够的信息)/,
];

/**
 * Whether the column did not answer: nothing at all, or one of the usual ways to say that it cannot (English and Chinese,
 * by how the answer begins). Read it beside the others: on questions that all have an answer, each is a miss.
 */
export const noAnswer: Metric = {
  name: 'no-answer',
  kind: 'answer',
  version: 1,
  range: [0, 1],
  direction: 'lower',
  binary: true,
  blindTo: 'A refusal in other words or another language, and whether it was right to refuse.',
  score: ({ output }) => (output === null ? null : Number(isNoAnswer(output))),
};

/** Whether a text is empty or a refusal. */
export function isNoAnswer(output: string): boolean {
  const text = folded(output).toLowerCase().replaceAll('’', "'");
  return text === '' || REFUSALS.some((refusal) => refusal.test(text));
}
