import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

// A model of no weights whose tokens are single bytes: its GGUF and its Transformers folder say the same of its chats.

const SPECIAL = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'] as const;
export const END = SPECIAL.indexOf('<|im_end|>');

/** ChatML with a system text of its own, written by hand. */
export const CHAT_TEMPLATE =
  "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nYou are tiny.<|im_end|>\n{% endif %}" +
  "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}" +
  '{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}';

/** The character that stands for each byte in a byte-level vocabulary (GPT-2's table). */
function byteCharacters(): string[] {
  const plain = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte < 173) || byte > 173;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(plain(byte) ? byte : next++));
}

const words = (): string[] => [...SPECIAL, ...byteCharacters()];

const u32 = (value: number) => Buffer.from(new Uint32Array([value]).buffer);
const u64 = (value: number) => Buffer.from(new BigUint64Array([BigInt(value)]).buffer);
const text = (value: string) => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
const field = (key: string, value: string | number) =>
  typeof value === 'string'
    ? Buffer.concat([text(key), u32(8), text(value)])
    : Buffer.concat([text(key), u32(4), u32(value)]);
const list = (key: string, type: number, items: readonly Buffer[]) =>
  Buffer.concat([text(key), u32(9), u32(type), u64(items.length), ...items]);

/** Its GGUF: a header without tensors. */
export function writeChatGguf(file: string, template = CHAT_TEMPLATE): void {
  const tokens = words();
  const fields = [
    field('general.architecture', 'llama'),
    field('tokenizer.ggml.model', 'gpt2'),
    field('tokenizer.ggml.pre', 'gpt-2'),
    list('tokenizer.ggml.tokens', 8, tokens.map(text)),
    list(
      'tokenizer.ggml.token_type',
      5,
      tokens.map((_, id) => u32(id < SPECIAL.length ? 3 : 1)),
    ),
    list('tokenizer.ggml.merges', 8, []),
    field('tokenizer.ggml.bos_token_id', 1),
    field('tokenizer.ggml.eos_token_id', END),
    field('tokenizer.chat_template', template),
  ];
  writeFileSync(file, Buffer.concat([Buffer.from('GGUF'), u32(3), u64(0), u64(fields.length), ...fields]));
}

/** Its folder as Transformers reads it, without weights. */
export function writeChatFolder(folder: string, template = CHAT_TEMPLATE): void {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, content: unknown) => writeFileSync(path.join(folder, name), JSON.stringify(content));
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  write('tokenizer.json', {
    version: '1.0',
    added_tokens: SPECIAL.map((content, id) => ({ id, content, ...plain })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    model: { type: 'BPE', vocab: Object.fromEntries(words().map((word, id) => [word, id])), merges: [] },
  });
  write('tokenizer_config.json', { bos_token: '<|im_start|>', eos_token: '<|im_end|>' });
  write('config.json', { model_type: 'llama', architectures: ['LlamaForCausalLM'], eos_token_id: END });
  writeFileSync(path.join(folder, 'chat_template.jinja'), template);
}
