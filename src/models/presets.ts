import type { Dialect, Endpoint, OptionalField } from './types.ts';

/** A well-known OpenAI-compatible server: what a person would otherwise look up. No model names: they change; the server lists its own. */
export interface Preset {
  readonly id: string;
  readonly title: string;
  readonly url: string;
  /** The variable its own documentation names; absent = it takes no key as it comes. */
  readonly keyEnv?: string;
  /** On a machine of one's own. */
  readonly local: boolean;
  readonly kinds: readonly Endpoint['kind'][];
  readonly dialect: Dialect;
  /** Texts in one embeddings request; absent = 64. */
  readonly embeddingBatch?: number;
  /** Whether it answers `POST /tokenize` as vLLM does. */
  readonly tokenize: boolean;
  /** What a person should know before choosing it. */
  readonly note: string;
}

const BOTH = ['chat', 'embedding'] as const;
const common = (...omit: OptionalField[]): Dialect => ({ omit, maxTokensField: 'max_tokens' });

const hosted = (
  id: string,
  title: string,
  url: string,
  keyEnv: string,
  more: Partial<Pick<Preset, 'dialect' | 'kinds' | 'note' | 'embeddingBatch'>> = {},
): Preset => ({
  id,
  title,
  url,
  keyEnv,
  local: false,
  kinds: BOTH,
  dialect: common('repetition_penalty'),
  tokenize: false,
  note: '',
  ...more,
});

const own = (
  id: string,
  title: string,
  port: number,
  more: Partial<Pick<Preset, 'dialect' | 'tokenize' | 'note'>>,
): Preset => ({
  id,
  title,
  url: `http://127.0.0.1:${port}/v1`,
  local: true,
  kinds: BOTH,
  dialect: common(),
  tokenize: false,
  note: '',
  ...more,
});

/** In the order they are offered: what runs on this machine first. */
export const PRESETS: readonly Preset[] = [
  own('vllm', 'vLLM', 8000, { tokenize: true, note: 'A key only if it was started with --api-key.' }),
  own('sglang', 'SGLang', 30000, {}),
  own('llama-server', 'llama-server (llama.cpp)', 8080, {
    dialect: common('repetition_penalty'),
    note: 'Embeddings only if it was started with --embeddings.',
  }),
  own('ollama', 'Ollama', 11434, {
    dialect: common('repetition_penalty'),
    note: 'Cuts long prompts silently at its num_ctx: raise it for RAG.',
  }),
  own('lm-studio', 'LM Studio', 1234, { dialect: common('repetition_penalty') }),
  hosted('openai', 'OpenAI', 'https://api.openai.com/v1', 'OPENAI_API_KEY', {
    dialect: { omit: ['repetition_penalty'], maxTokensField: 'max_completion_tokens' },
    note: 'Reasoning models take no temperature: add --omit temperature for them.',
  }),
  hosted('deepseek', 'DeepSeek', 'https://api.deepseek.com/v1', 'DEEPSEEK_API_KEY', {
    kinds: ['chat'],
    dialect: common('repetition_penalty', 'seed'),
    note: 'Has no seed: answers can differ at temperature 0.',
  }),
  hosted('sensenova', 'SenseNova', 'https://api.sensenova.cn/compatible-mode/v1', 'SENSENOVA_API_KEY', {
    note: 'Keys of a token plan work at https://token.sensenova.cn/v1 instead.',
  }),
  hosted('siliconflow', 'SiliconFlow', 'https://api.siliconflow.cn/v1', 'SILICONFLOW_API_KEY', {
    embeddingBatch: 32,
    note: 'Outside China: https://api.siliconflow.com/v1.',
  }),
  hosted('moonshot', 'Moonshot (Kimi)', 'https://api.moonshot.cn/v1', 'MOONSHOT_API_KEY', {
    kinds: ['chat'],
    dialect: common('repetition_penalty', 'seed'),
    note: 'Outside China: https://api.moonshot.ai/v1. Has no seed.',
  }),
  hosted('dashscope', 'DashScope (Qwen)', 'https://dashscope.aliyuncs.com/compatible-mode/v1', 'DASHSCOPE_API_KEY', {
    dialect: common(),
    embeddingBatch: 10,
    note: 'Outside China: https://dashscope-intl.aliyuncs.com/compatible-mode/v1. Some models only answer with thinking off.',
  }),
  hosted('zhipu', 'Zhipu (GLM)', 'https://open.bigmodel.cn/api/paas/v4', 'ZHIPUAI_API_KEY', {
    dialect: common('repetition_penalty', 'seed'),
  }),
  hosted('volcengine', 'Volcengine Ark (Doubao)', 'https://ark.cn-beijing.volces.com/api/v3', 'ARK_API_KEY', {
    dialect: common('repetition_penalty', 'seed'),
    note: 'The model is the id of an inference endpoint (ep-…) or a model name.',
  }),
  hosted('openrouter', 'OpenRouter', 'https://openrouter.ai/api/v1', 'OPENROUTER_API_KEY', {
    kinds: ['chat'],
    dialect: common(),
    note: 'Another provider may answer each time: latencies and answers vary.',
  }),
  hosted('mistral', 'Mistral', 'https://api.mistral.ai/v1', 'MISTRAL_API_KEY', {
    dialect: common('repetition_penalty', 'seed', 'stream_options'),
    note: 'Has its own name for the seed (random_seed), so none is sent.',
  }),
  hosted('gemini', 'Google Gemini', 'https://generativelanguage.googleapis.com/v1beta/openai', 'GEMINI_API_KEY', {
    dialect: common('repetition_penalty', 'seed'),
  }),
];

/** The preset of an id, undefined for an unknown one. */
export const findPreset = (id: string | undefined): Preset | undefined => PRESETS.find((preset) => preset.id === id);

/** The preset whose host a URL has: who adds `--url https://api.deepseek.com` wants its dialect too. */
export function presetOfUrl(url: string): Preset | undefined {
  if (!URL.canParse(url)) return undefined;
  const { host } = new URL(url);
  return PRESETS.find((preset) => !preset.local && new URL(preset.url).host === host);
}

const PLAIN: Dialect = common();

/** How requests to an endpoint are written: its own dialect, else its preset's, else the common one. */
export const dialectOf = (endpoint: Pick<Endpoint, 'dialect' | 'preset'>): Dialect =>
  endpoint.dialect ?? findPreset(endpoint.preset)?.dialect ?? PLAIN;
