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
