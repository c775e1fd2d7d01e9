import type { KbClient, Method, Params, Result } from '../kb/protocol.ts';
import { toRagtuiError } from '../platform/errors.ts';

/**
 * A knowledge base that is asked again, after a pause, when its service went away more often than the client bears: a run
 * only reads, so asking twice is harmless.
 */
export function patientKb(
  kb: Pick<KbClient, 'call'>,
  { waitMs, pause }: { readonly waitMs: readonly number[]; readonly pause: (ms: number) => Promise<void> },
): Pick<KbClient, 'call'> {
  return {
    async call<M extends Method>(
      method: M,
      params: Params<M>,
      options: { signal?: AbortSignal } = {},
    ): Promise<Result<M>> {
      for (let attempt = 0; ; attempt += 1) {
        try {
          return await kb.call(method, params, options);
        } catch (error) {
          const ms = waitMs[attempt];
          const again = toRagtuiError(error).code === 'unavailable';
          if (ms === undefined || !again || options.signal?.aborted) throw error;
          await pause(ms);
        }
      }
    },
  };
}
