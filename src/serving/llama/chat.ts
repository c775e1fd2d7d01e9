import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { HttpError } from '../http/errors.ts';
import type { Gate } from '../http/gate.ts';
import type { Engine, ModelHost } from './engine.ts';
import type { RequestRecord, ServerMetrics } from './metrics.ts';
import { type Reply, replyTo } from './replies.ts';
import { type ChatRequest, jsonWanted } from './requests.ts';

const MAX_WAITING = 64;
/** Retry-After is a guess from how long answers took; nobody is sent away for longer. */
const MAX_RETRY_SECONDS = 120;

/** What answering a chat needs of its server. */
export interface ChatService {
  readonly host: ModelHost;
  readonly gate: Gate;
  readonly metrics: ServerMetrics;
}

/** Answers one chat: in line, then on the engine, every step of it counted. Throws what the client must be told. */
export async function answerChat(
  { host, gate, metrics }: ChatService,
  engine: Engine,
  request: ChatRequest,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const tokens = engine.renderChat(request.messages);
  const wanted = request.max_completion_tokens ?? request.max_tokens;
  const maxTokens = roomFor(tokens.length, wanted ?? undefined, engine.contextTokens);
  if (gate.waiting >= MAX_WAITING) throw tooMany(gate, metrics);
  const record = metrics.request(tokens.length);
  const reply = replyTo(request, response);
  const strict = request.ragtui?.strict ?? true;
  const entry = { client: request.ragtui?.client ?? request.user ?? '', alone: strict || host.parallel < 2 };
  try {
    const generated = await gate.run(entry, signal, async () => {
      record.started();
      return await engine.generate(
        { ...samplingOf(request), tokens, maxTokens, strict },
        hooks(record, reply, signal, tokens.length),
      );
    });
    record.ended(generated.finish);
    reply.end(generated, tokens.length);
  } catch (error) {
    record.ended(signal.aborted ? 'abort' : 'error');
    throw error;
  }
}

function hooks(record: RequestRecord, reply: Reply, signal: AbortSignal, promptTokens: number) {
  return {
    signal,
    onText: (text: string) => reply.text(text),
    onPrefill: (done: number) => reply.prefill(done, promptTokens),
    onReuse: (reused: number) => record.reused(reused),
    onToken: () => record.token(),
    onLogprob: (logprob: Parameters<Reply['logprob']>[0]) => reply.logprob(logprob),
  };
}

function samplingOf(request: ChatRequest) {
  const json = jsonWanted(request.response_format);
  return {
    temperature: request.temperature ?? 1,
    topP: request.top_p ?? 1,
    seed: request.seed ?? randomBytes(4).readUInt32LE(),
    stop: request.stop,
    repetitionPenalty: request.repetition_penalty ?? 1,
    ...(json === undefined ? {} : { json }),
    ...(request.logprobs ? { logprobs: request.top_logprobs ?? 0 } : {}),
  };
}

/** Tokens the answer may have. Never more than fit: a prompt that does not is refused with the counts, not shifted. */
function roomFor(promptTokens: number, wanted: number | undefined, contextTokens: number): number {
  const room = contextTokens - promptTokens;
  if (room < (wanted ?? 1)) {
    throw new HttpError(
      400,
      'context_length_exceeded',
      `The prompt has ${promptTokens} tokens${wanted ? ` and the answer may have ${wanted}` : ''}; the context holds ${contextTokens}.`,
    );
  }
  return wanted ?? room;
}

/** Half the line should be through by then. */
function tooMany(gate: Gate, metrics: ServerMetrics): HttpError {
  const seconds = (metrics.meanInferenceSeconds * gate.waiting) / 2 / gate.parallel;
  const retryAfter = Math.min(MAX_RETRY_SECONDS, Math.max(1, Math.ceil(seconds)));
  return new HttpError(429, 'busy', `${gate.waiting} requests are waiting already.`, {
    'retry-after': String(retryAfter),
  });
}
