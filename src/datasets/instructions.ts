import { CATALOGUE, DEFAULT_EMBEDDERS } from '../models/catalogue.ts';
import type { Dataset } from './open.ts';

const SAMPLE_ROWS = 50;
/** As for documents: names and terms in English are usual in Chinese questions. */
const CHINESE_SHARE = 0.2;

/** The query instruction of the default embedder (BGE) for the language of the first questions. */
export function bgeInstruction(dataset: Dataset<'qa'>): string {
  let chinese = 0;
  let letters = 0;
  for (let number = 0; number < Math.min(SAMPLE_ROWS, dataset.manifest.rows); number++) {
    const { question } = dataset.row(number);
    chinese += question.match(/\p{Script=Han}/gu)?.length ?? 0;
    letters += question.match(/\p{L}/gu)?.length ?? 0;
  }
  const id = DEFAULT_EMBEDDERS[letters > 0 && chinese / letters >= CHINESE_SHARE ? 'zh' : 'en'];
  const entry = CATALOGUE.find((one) => one.id === id);
  return entry?.kind === 'embedder' ? entry.embedder.queryInstruction : '';
}
