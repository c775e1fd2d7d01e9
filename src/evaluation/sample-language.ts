import type { QaRow } from '../datasets/types.ts';
import { DEFAULT_EMBEDDERS } from '../models/catalogue.ts';

const SAMPLE_ROWS = 50;
const HAN = /\p{Script=Han}/gu;

/** The small embedder of the language that most of the sample is in. */
export async function embedderFor(rows: AsyncIterable<QaRow>): Promise<string> {
  let han = 0;
  let length = 0;
  let seen = 0;
  for await (const { question, answers } of rows) {
    const text = `${question}${answers[0] ?? ''}`;
    han += text.match(HAN)?.length ?? 0;
    length += text.length;
    seen += 1;
    if (seen >= SAMPLE_ROWS) break;
  }
  return han > 0.2 * length ? DEFAULT_EMBEDDERS.zh : DEFAULT_EMBEDDERS.en;
}
