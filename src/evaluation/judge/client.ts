import { streamChat } from '../../models/endpoint.ts';
import { type ErrorCode, RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import type { WorkspacePaths } from '../../platform/paths.ts';
import { readStatus, statusText } from '../../platform/status.ts';
import { llmResolver, type ResolvedLlm } from '../../serving/resolve.ts';
import { Lane } from '../lane.ts';
import { modelDigest } from '../model-digest.ts';
import { isAway, pause, throughOutages } from '../outages.ts';
import { hashOf } from '../plan.ts';
import type { Evaluation } from '../types.ts';
import type { JudgeRequest } from './prompts.ts';
import type { JudgeCapsule, JudgeReply, JudgeSettings } from './types.ts';

/** A judge that fails so often in a row is gone. */
const MOST_FAILURES = 5;
const RETRY_MS = [1000, 3000];
const SEED = 1314;
/** More at once are never tried by itself. */
const MOST = 64;
/** What would go wrong with every request. */
const FATAL: ReadonlySet<ErrorCode> = new Set(['permission', 'not-found', 'usage', 'unsupported', 'disk-full']);
const WORTH_ANOTHER_TRY: ReadonlySet<ErrorCode> = new Set(['busy', 'unavailable', 'network']);

/** Replies that are there already, and where new ones go. */
export interface ReplyBook {
  get(key: string): JudgeReply | undefined;
  /** On the disk when it resolves. */
  put(reply: JudgeReply): Promise<void>;
}

export interface JudgeOptions {
  readonly signal: AbortSignal;
  readonly onStatus: (text: string) => void;
  /** Requests at once: so many, or as many as the server takes. */
  readonly concurrency: Evaluation['concurrency'];
  /** LLMs that are asked beside it. */
  readonly beside: readonly string[];
  readonly book: ReplyBook;
}

export type Replied = { readonly reply: JudgeReply } | { readonly failed: string };

/** The LLM that judges: at temperature 0 with a fixed seed, each request once, its reply kept before it is used. */
export class JudgeClient {
  /** Requests sent: what the book had is not among them. */
  asked = 0;
  #server: ResolvedLlm;
  #failures = 0;
  /** Whether the server keeps to a form of reply; found out by asking. */
  #formed = true;
  /** The line before the judge. */
  readonly lane: Lane;
  readonly #underWay = new Map<string, Promise<Replied>>();

  private constructor(
    readonly llm: string,
    readonly digest: string,
    readonly sampling: JudgeCapsule['sampling'],
    server: ResolvedLlm,
    private readonly resolve: () => Promise<ResolvedLlm>,
    private readonly options: JudgeOptions,
  ) {
    this.#server = server;
    const most = server.embedded ? 1 : (server.limits?.concurrency ?? MOST);
    this.lane = new Lane({ most, limited: options.concurrency === 'auto' });
    // Nobody is to wait any more.
    options.signal.addEventListener('abort', () => this.lane.dissolve(), { once: true });
  }

  /** Errors: those of finding and starting the LLM. */
  static async start(paths: WorkspacePaths, settings: JudgeSettings, options: JudgeOptions): Promise<JudgeClient> {
    const { signal, onStatus } = options;
    const beside = [...options.beside, settings.llm];
    const resolve = () => llmResolver(paths)(settings.llm, { signal, onStatus, beside });
    const server = await resolve();
    const digest = await modelDigest(paths, settings.llm, server);
    // Of a small context, half is for what is to be judged.
    const room = server.contextTokens === null ? settings.maxTokens : Math.floor(server.contextTokens / 4);
    const sampling = { temperature: 0, seed: SEED, maxTokens: Math.max(1, Math.min(settings.maxTokens, room)) };
    return new JudgeClient(settings.llm, digest, sampling, server, resolve, options);
  }

  get model(): string {
    return this.#server.model;
  }

  get endpoint(): ResolvedLlm {
    return this.#server;
  }

  /**
   * What the judge replies, or why it did not. Errors: `cancelled`; what every request would meet; `unavailable` after
   * too many failures in a row.
   */
  ask(request: JudgeRequest): Promise<Replied> {
    const key = hashOf([this.digest, this.#server.embedded, this.sampling, request]);
    const known = this.options.book.get(key);
    if (known) return Promise.resolve({ reply: known });
    const same = this.#underWay.get(key);
    if (same) return same;
    const reply = this.#once(key, request).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, reply);
    return reply;
  }

  async #once(key: string, request: JudgeRequest): Promise<Replied> {
    const place = await this.lane.take();
    let brought: number | undefined;
    try {
      const { signal, onStatus } = this.options;
      const { text, finish, usage } = await throughOutages(() => this.#formedOrNot(request), { signal, onStatus });
      if (finish === 'cancelled') throw new RagtuiError('cancelled', 'The run was asked to stop.');
      this.#failures = 0;
      const { promptTokens = null, completionTokens = null } = usage ?? {};
      brought = completionTokens ?? 0;
      const reply = { key, text, finish, promptTokens, completionTokens };
      await this.options.book.put(reply);
      return { reply };
    } catch (thrown) {
      const { code, message, hint } = toRagtuiError(thrown);
      if (this.options.signal.aborted || code === 'cancelled') throw thrown;
      this.#failures += 1;
      if (!FATAL.has(code) && this.#failures < MOST_FAILURES) return { failed: message };
      throw new RagtuiError(
        FATAL.has(code) ? code : 'unavailable',
        `The judge ${this.llm} ${FATAL.has(code) ? 'cannot be asked' : `failed ${this.#failures} times in a row`}: ${message}`,
        hint || 'What is finished is kept. Mend the server, then start the same again: nothing is asked twice.',
      );
    } finally {
      place.leave(brought);
    }
  }

  /** A server that refuses the form of a reply is asked without it, from then on. */
  async #formedOrNot({ messages, format }: JudgeRequest) {
    if (!this.#formed) return this.#persistently({ messages });
    try {
      return await this.#persistently({ messages, responseFormat: format });
    } catch (error) {
      if (toRagtuiError(error).code !== 'invalid') throw error;
      const answer = await this.#persistently({ messages });
      this.#formed = false;
      return answer;
    }
  }

  /** As columns are asked: a server of ours that is busy or gone is asked again, wherever it is then. */
  async #persistently(request: { messages: JudgeRequest['messages']; responseFormat?: JudgeRequest['format'] }) {
    const { signal } = this.options;
    const onStatus = (text: string) => {
      if (readStatus(text)?.code === 'retry') this.lane.overrun();
      this.options.onStatus(text);
    };
    for (let attempt = 0; ; attempt += 1) {
      try {
        this.asked += 1;
        const strict = this.#server.embedded ? { strict: true } : {};
        return await streamChat(this.#server, { ...request, sampling: this.sampling, ...strict }, { signal, onStatus });
      } catch (error) {
        const wait = RETRY_MS[attempt];
        const { code, message } = toRagtuiError(error);
        const again = this.#server.retries === undefined && WORTH_ANOTHER_TRY.has(code) && !isAway(error);
        if (wait === undefined || signal.aborted || !again) throw error;
        onStatus(
          statusText('retry', { seconds: wait / 1000, why: message, attempt: attempt + 2, most: RETRY_MS.length + 1 }),
        );
        await pause(wait, signal);
        this.#server = await this.resolve();
      }
    }
  }
}
