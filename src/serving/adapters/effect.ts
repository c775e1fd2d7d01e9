import { z } from 'zod';
import { toRagtuiError } from '../../platform/errors.ts';
import { request } from '../../platform/network.ts';
import type { Message } from '../../rag/types.ts';
import type { EffectCheck } from './types.ts';

/** Enough to show a difference; each token costs a step of the model, three times. */
const TOKENS = 8;
const OTHERS = 5;
const SEED = 1314;
/** Any questions do: what is compared is how the two read them. */
const QUESTIONS = [
  'What is the capital of France, and what river is it on?',
  'Explain in one sentence how tides work.',
];

/** How a server is asked. */
export interface Asked {
  /** Base URL, ending in `/v1`. */
  readonly url: string;
  readonly key: string;
}

const scored = z.object({ token: z.string(), logprob: z.number() });
const answerSchema = z.object({
  choices: z
    .array(z.object({ logprobs: z.object({ content: z.array(scored.extend({ top_logprobs: z.array(scored) })) }) }))
    .min(1),
});
type Tokens = readonly {
  readonly token: string;
  readonly logprob: number;
  readonly others: ReadonlyMap<string, number>;
}[];

/**
 * Asks base and adapter the same at temperature 0 and compares how likely they find each token; the base is asked twice,
 * so that a server that does not repeat itself exactly is not taken for an effect. Never throws: what cannot be asked is
 * `unknown`, with the reason.
 */
export async function checkEffect(
  server: Asked,
  names: { readonly base: string; readonly adapter: string },
  system: string,
  signal: AbortSignal,
): Promise<EffectCheck> {
  const checkedAt = () => new Date().toISOString();
  let noise = 0;
  let largest = 0;
  let tokens = 0;
  try {
    for (const question of QUESTIONS) {
      const messages: Message[] = [
        ...(system ? [{ role: 'system' as const, content: system }] : []),
        { role: 'user', content: question },
      ];
      const base = await score(server, names.base, messages, signal);
      const tuned = await score(server, names.adapter, messages, signal);
      const again = await score(server, names.base, messages, signal);
      tokens += tuned.length;
      const difference = largestDifference(base, tuned);
      noise = Math.max(noise, largestDifference(base, again) ?? Number.POSITIVE_INFINITY);
      // Other tokens than the base, which itself says the same twice.
      if (difference === null) {
        if (Number.isFinite(noise))
          return { state: 'works', largest: null, noise, tokens, why: '', checkedAt: checkedAt() };
        continue;
      }
      largest = Math.max(largest, difference);
      if (largest > noise) return { state: 'works', largest, noise, tokens, why: '', checkedAt: checkedAt() };
    }
  } catch (error) {
    const why = toRagtuiError(error).message;
    return { state: 'unknown', largest: null, noise: null, tokens, why, checkedAt: checkedAt() };
  }
  if (!Number.isFinite(noise)) {
    const why = 'the base itself does not answer the same twice';
    return { state: 'unknown', largest: null, noise: null, tokens, why, checkedAt: checkedAt() };
  }
  return { state: 'nothing', largest, noise, tokens, why: '', checkedAt: checkedAt() };
}

/** The largest difference of two log-probabilities; null when the tokens themselves differ. Pure. */
export function largestDifference(a: Tokens, b: Tokens): number | null {
  if (a.length !== b.length || a.some(({ token }, at) => token !== b[at]?.token)) return null;
  let largest = 0;
  a.forEach(({ logprob, others }, at) => {
    const other = b[at];
    if (!other) return;
    largest = Math.max(largest, Math.abs(logprob - other.logprob));
    for (const [token, value] of others) {
      const twin = other.others.get(token);
      if (twin !== undefined) largest = Math.max(largest, Math.abs(value - twin));
    }
  });
  return largest;
}

async function score(
  { url, key }: Asked,
  model: string,
  messages: readonly Message[],
  signal: AbortSignal,
): Promise<Tokens> {
  const response = await request(`${url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({
      model,
      messages,
      max_tokens: TOKENS,
      temperature: 0,
      seed: SEED,
      logprobs: true,
      top_logprobs: OTHERS,
    }),
    redirect: 'error',
    signal,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the server said ${response.status}: ${text.slice(0, 200)}`);
  const [choice] = answerSchema.parse(JSON.parse(text)).choices;
  return (choice?.logprobs.content ?? []).map(({ token, logprob, top_logprobs }) => ({
    token,
    logprob,
    others: new Map(top_logprobs.map((one) => [one.token, one.logprob])),
  }));
}
