import type { ScoredItem } from '../../evaluation/metrics/types.ts';
import type { KbClient } from '../../kb/protocol.ts';
import { DEFAULT_EMBEDDERS } from '../../models/catalogue.ts';

const HAN = /\p{Script=Han}/u;

type Vectors = NonNullable<ScoredItem['vectors']>;

/** What is asked, and what is known to be right about it. */
export interface Asked {
  readonly question: string;
  readonly references?: readonly string[] | undefined;
}

/** Whether a question is asked or answered in Chinese. Pure. */
export const isChinese = ({ question, references = [] }: Asked): boolean =>
  [question, ...references].some((text) => HAN.test(text));

/**
 * The embedder that answers are compared by: one for all columns, of the language of the question as in an evaluation,
 * and never a column's own, so that figures compare.
 */
export const metricEmbedderFor = (asked: Asked): string => DEFAULT_EMBEDDERS[isChinese(asked) ? 'zh' : 'en'];

/** Makes the vectors that cosine compares, in the kb service. */
export class AnswerVectors {
  private constructor(
    private readonly kb: Pick<KbClient, 'call'>,
    readonly embedder: string,
    private readonly reference: string,
  ) {}

  /**
   * Starts the metric's embedder with the reference, so that no column waits for its start. Null without a reference,
   * and when the embedder is not on this disk: there is then no cosine.
   */
  static async start(
    kb: Pick<KbClient, 'call'>,
    asked: Asked,
    signal: AbortSignal | undefined,
  ): Promise<AnswerVectors | null> {
    const reference = asked.references?.[0];
    if (reference === undefined) return null;
    const made = new AnswerVectors(kb, metricEmbedderFor(asked), reference);
    return (await made.vectorsOf([reference], signal)) ? made : null;
  }

  /** Null when they could not be made. */
  async of(output: string, signal: AbortSignal | undefined): Promise<Vectors | null> {
    const [answer, said] = (await this.vectorsOf([this.reference, output], signal)) ?? [];
    return answer && said ? { [this.embedder]: { output: said, answer } } : null;
  }

  private async vectorsOf(texts: string[], signal: AbortSignal | undefined): Promise<Float32Array[] | null> {
    const params = { embedder: this.embedder, texts };
    try {
      const { vectors } = await this.kb.call('texts.embed', params, signal ? { signal } : {});
      return vectors.map(vectorOf);
    } catch {
      // A score is not worth a column; what is wrong with the service is said by the next search.
      return null;
    }
  }
}

function vectorOf(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  return Float32Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
}
