import { GOLD_RULE } from './metrics/gold.ts';

/** Where figures mislead, by id; Chinese ones stand in `src/ui/i18n/zh/evaluation-terms.ts`. */
export const NOTE_TEXTS = {
  'few-contexts': 'Only {contexts} contexts: intervals from so few clusters are too narrow to lean on.',
  failures: '{column}: {errors} errors and {timeouts} timeouts of {items} count as 0 in every answer metric.',
  'metric-failed':
    '{metric} failed at {count} answers of {column}, which are missing in its figures; the first time: {why}.',
  forgot:
    'Forgetting: {column} answers {lost} points fewer of the {items} general questions right than {base} [{low}, {high}].',
  'not-forgot': 'Forgetting: {column} answers more general questions right than {base}: nothing lost that shows.',
  'forgot-unknown':
    'Forgetting: whether {column} lost anything against {base} cannot be told: {lost} points [{low}, {high}] on {items} general questions, which find a loss of {finds} points four times in five.',
  'cut-short': '{column}: {cut} of {items} answers were cut at their longest length.',
  'speed-of-then': '{column}: {reused} of {items} answers were taken from an earlier run; their speed is that of then.',
  'empty-origin': 'origin-tutorial counts the {empty} empty answers of {column} as perfect; verbatim does not.',
  'long-exact':
    'The gold answers have {characters} characters on average: exact stays near 0 whatever the model knows.',
  spans:
    '{share} % of the gold answers are spans of their passage (white space aside): no copied answer can be exact on the others.',
  'contains-long':
    'Right answers have {characters} characters on average: contains asks for all of them in a row, and misses an answer that says it otherwise.',
  'cosine-floor':
    '{metric}: the answer to another question already scores {floor} %; that is its zero. From there to 100 the columns come so many % of the way: {columns}.',
  'relevance-english':
    'context-relevance splits at "。" only: on this text a chunk counts if it equals the whole passage.',
  'gold-rule': `Retrieval: ${GOLD_RULE}`,
  'judge-missing':
    '{metric}: {missing} of {answers} judgements of {column} are missing ({unparseable} replies could not be read, {failed} did not come): left out, not counted as 0.',
  'judge-open': '{metric}: {open} answers of {column} are not judged.',
  'judge-place':
    '{metric}: in {placed} of {asked} pairs of {column} the judge chose a place, not an answer ({first} × the first, {second} × the second): ties.',
  'judge-related':
    'The judge {judge} answers {columns} itself, or a model on the same weights does: judges prefer their own answers.',
  'judge-short':
    '{metric}: the gold answers have {characters} characters on average; a question cannot be told from so short an answer, so right answers score low (in the tutorial 87.14 became 55.16 while exact rose from 2.10 to 39.72 %).',
  'judge-own':
    'Judge {judge} (model {model}), our prompts (en {en}, zh {zh}) in the language of each question: not to be compared with another judge or with published figures.',
  'trained-prompt':
    'Every LLM was asked with the prompt that tunes are trained on (sft). A base may answer better with another one: a column of it with prompt=default shows how much of the difference is the prompt.',
  'judge-before':
    '{judge} is to judge what it answers itself, or its base or tune does (columns: {columns}): judges prefer their own answers. Another model judges better.',
  'votes-of': '{judge}: {column} against {base}, {votes} votes ({run} on this run, {compare} of Compare)',
  'votes-none': '{judge} has judged none of the pairs you voted on.',
  'votes-agree':
    '{judge} agrees with you on {share} % of {n} pairs [{low} %, {high} %], κ {kappa} [{kappaLow}, {kappaHigh}] beyond chance.',
  'votes-share':
    '{judge} agrees with you on {share} % of {n} pairs [{low} %, {high} %]; κ cannot be told: one of you says the same of all.',
  'votes-few': 'So few votes tell little: vote on {few} at least.',
  'votes-chance': 'It may be chance: do not lean on this judge yet.',
  'votes-missing': 'Votes without a readable judgement: {missing}.',
  'one-draw': 'The intervals cover the choice of questions only: one training run and one seed are one draw each.',
} as const;

export type NoteId = keyof typeof NOTE_TEXTS;
