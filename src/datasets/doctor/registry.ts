import { RagtuiError } from '../../platform/errors.ts';
import type { DatasetKind } from '../types.ts';
import type { Rule } from './rule.ts';
import { answerNearMiss, answerNotInContext } from './rules/answer-in-context.ts';
import { answerOffset } from './rules/answer-offset.ts';
import { boilerplate } from './rules/boilerplate.ts';
import { conflictingAnswers } from './rules/conflicting-answers.ts';
import { controlCharacters } from './rules/control-characters.ts';
import { duplicateExact, duplicateNormalised } from './rules/duplicate.ts';
import { emptyText } from './rules/empty-text.ts';
import { encodingDamage } from './rules/encoding-damage.ts';
import { contextIdReused, repeatedId } from './rules/identity.ts';
import { importProblem } from './rules/import-problem.ts';
import { labelLeak } from './rules/label-leak.ts';
import { languageMix } from './rules/language-mix.ts';
import { LEAK_RULES } from './rules/leaks.ts';
import { leftoverMarkup } from './rules/leftover-markup.ts';
import { nearContext } from './rules/near-context.ts';
import { nearDuplicate } from './rules/near-duplicate.ts';
import { outerSpace } from './rules/outer-space.ts';
import { personalData } from './rules/personal-data.ts';
import { preferencePair } from './rules/preference-pair.ts';
import { retrievalNegatives } from './rules/retrieval-negatives.ts';
import { tooLong } from './rules/too-long.ts';
import { turnOrder } from './rules/turn-order.ts';

/** What is known of a rule without running it. */
export type RuleNote = Omit<Rule, 'start'>;

/** The rules that look at rows, in the order in which they are listed. */
export const RULES: readonly Rule[] = [
  importProblem,
  emptyText,
  turnOrder,
  encodingDamage,
  answerNotInContext,
  answerNearMiss,
  answerOffset,
  retrievalNegatives,
  preferencePair,
  labelLeak,
  conflictingAnswers,
  duplicateExact,
  duplicateNormalised,
  nearDuplicate,
  nearContext,
  repeatedId,
  contextIdReused,
  outerSpace,
  controlCharacters,
  leftoverMarkup,
  boilerplate,
  languageMix,
  personalData,
];

/** Every rule there is, with those that need more than the rows: leaks (parts or another dataset) and lengths (a model). */
export const ALL_RULES: readonly RuleNote[] = [...LEAK_RULES, tooLong, ...RULES];

/**
 * The rules that look at rows of a kind: the usual ones and the optional ones that are named. `only`: these alone.
 * Errors: `usage` for an unknown name.
 */
export function rulesFor(kind: DatasetKind, also: readonly string[], only?: readonly string[]): Rule[] {
  checkRuleNames([...also, ...(only ?? [])]);
  return RULES.filter((rule) => {
    if (!rule.kinds.includes(kind)) return false;
    return only ? only.includes(rule.id) : !rule.optional || also.includes(rule.id);
  });
}

/** Errors: `usage` for a name that no rule has. */
export function checkRuleNames(names: readonly string[]): void {
  const unknown = names.find((name) => !ALL_RULES.some((rule) => rule.id === name));
  if (unknown === undefined) return;
  const known = ALL_RULES.map((rule) => rule.id).join(', ');
  throw new RagtuiError('usage', `There is no rule "${unknown}".`, `There are: ${known}.`);
}
