import type { AnyDataset } from '../open.ts';
import { viewOf } from './row-view.ts';
import type { Traits } from './rule.ts';
import { fold } from './text/fold.ts';
import { type Language, languageOf } from './text/script.ts';

const SAMPLE = 1000;
/** From this share of quoted answers on, one that is not quoted is a defect. */
const EXTRACTIVE = 0.5;
const SAME_LANGUAGE = 0.9;

/** What up to a thousand rows, evenly spread, say of them all. */
export function traitsOf(dataset: AnyDataset): Traits {
  const { rows } = dataset.manifest;
  const step = Math.max(1, Math.floor(rows / SAMPLE));
  const languages = new Map<Language, number>();
  let [asked, quoted, pairs, same] = [0, 0, 0, 0];
  for (let number = 0; number < rows; number += step) {
    const view = viewOf(dataset.row(number));
    const language = languageOf(view.question);
    if (language !== 'none') languages.set(language, (languages.get(language) ?? 0) + 1);
    const [context] = view.contexts;
    const answer = view.answers[0]?.text.trim() ?? '';
    if (context === undefined) continue;
    if (language !== 'none') pairs++;
    if (language !== 'none' && languageOf(context) === language) same++;
    if (answer === '') continue;
    asked++;
    if (context.includes(answer) || fold(context).includes(fold(answer))) quoted++;
  }
  const [[language, most] = ['none' as const, 0]] = [...languages].sort(([, a], [, b]) => b - a);
  const sampled = [...languages.values()].reduce((sum, count) => sum + count, 0);
  return {
    extractive: asked === 0 ? null : quoted >= asked * EXTRACTIVE,
    language,
    oneLanguage: most >= sampled * SAME_LANGUAGE,
    sameLanguage: pairs > 0 && same >= pairs * SAME_LANGUAGE,
  };
}
