import { type NamedWeight, shapeOf } from '../../src/training/forecast/shape.ts';
import type { ForecastInput, ModelShape } from '../../src/training/forecast/types.ts';

/** Weights of a Llama with tied embeddings, by name, as a Transformers folder has them. */
function llamaWeights(layers: number, hidden: number, inner: number, keys: number, vocabulary: number): NamedWeight[] {
  const block = (at: number): NamedWeight[] => {
    const weight = (name: string, ...shape: number[]) => ({ name: `model.layers.${at}.${name}.weight`, shape });
    return [
      weight('self_attn.q_proj', hidden, hidden),
      weight('self_attn.k_proj', keys, hidden),
      weight('self_attn.v_proj', keys, hidden),
      weight('self_attn.o_proj', hidden, hidden),
      weight('mlp.gate_proj', inner, hidden),
      weight('mlp.up_proj', inner, hidden),
      weight('mlp.down_proj', hidden, inner),
      weight('input_layernorm', hidden),
      weight('post_attention_layernorm', hidden),
    ];
  };
  return [
    { name: 'model.embed_tokens.weight', shape: [vocabulary, hidden] },
    ...Array.from({ length: layers }, (_, at) => block(at)).flat(),
    { name: 'model.norm.weight', shape: [hidden] },
  ];
}

/** SmolLM2-135M, by its published config.json. */
export const SMOLLM2: ModelShape = shapeOf(
  {
    architecture: 'llama',
    kind: 'decoder',
    layers: 30,
    hidden: 576,
    intermediate: 1536,
    heads: 9,
    kvHeads: 3,
    headSize: undefined,
    vocabulary: 49_152,
    storedBytes: 538_090_408,
  },
  llamaWeights(30, 576, 1536, 192, 49_152),
);

/** A forecast's input with nothing found out; `over` says what was. */
export function forecastInput(over: Partial<ForecastInput> = {}): ForecastInput {
  return {
    engine: 'llamafactory',
    settings: {},
    device: 'cpu',
    gpus: 1,
    rows: 100,
    lengths: null,
    shape: null,
    machine: { memory: null, gpus: null, disk: null },
    pace: null,
    convertsBase: false,
    packages: [],
    ...over,
  };
}

function bertWeights(layers: number, hidden: number, inner: number, vocabulary: number): NamedWeight[] {
  const block = (at: number): NamedWeight[] => {
    const linear = (name: string, out: number, from: number) => [
      { name: `encoder.layer.${at}.${name}.weight`, shape: [out, from] },
      { name: `encoder.layer.${at}.${name}.bias`, shape: [out] },
    ];
    const norm = (name: string) => [
      { name: `encoder.layer.${at}.${name}.weight`, shape: [hidden] },
      { name: `encoder.layer.${at}.${name}.bias`, shape: [hidden] },
    ];
    return [
      ...['query', 'key', 'value'].flatMap((name) => linear(`attention.self.${name}`, hidden, hidden)),
      ...linear('attention.output.dense', hidden, hidden),
      ...norm('attention.output.LayerNorm'),
      ...linear('intermediate.dense', inner, hidden),
      ...linear('output.dense', hidden, inner),
      ...norm('output.LayerNorm'),
    ];
  };
  return [
    { name: 'embeddings.word_embeddings.weight', shape: [vocabulary, hidden] },
    { name: 'embeddings.position_embeddings.weight', shape: [512, hidden] },
    { name: 'embeddings.token_type_embeddings.weight', shape: [2, hidden] },
    { name: 'embeddings.LayerNorm.weight', shape: [hidden] },
    { name: 'embeddings.LayerNorm.bias', shape: [hidden] },
    ...Array.from({ length: layers }, (_, at) => block(at)).flat(),
    { name: 'pooler.dense.weight', shape: [hidden, hidden] },
    { name: 'pooler.dense.bias', shape: [hidden] },
  ];
}

/** all-MiniLM-L6-v2, by its published config.json: 22,713,216 parameters. */
export const MINILM: ModelShape = shapeOf(
  {
    architecture: 'bert',
    kind: 'encoder',
    layers: 6,
    hidden: 384,
    intermediate: 1536,
    heads: 12,
    kvHeads: undefined,
    headSize: undefined,
    vocabulary: 30_522,
    storedBytes: 90_868_376,
  },
  bertWeights(6, 384, 1536, 30_522),
);
