/** Names of DeepSpeed files that are written when a training asks for one of them; any other is the user's own path. */
export const ZERO_FILES = ['ds_z2_config.json', 'ds_z3_config.json', 'ds_z3_offload_config.json'] as const;
type ZeroFile = (typeof ZERO_FILES)[number];

const STAGES: Readonly<Record<ZeroFile, { readonly stage: 2 | 3; readonly offload: boolean }>> = {
  'ds_z2_config.json': { stage: 2, offload: false },
  'ds_z3_config.json': { stage: 3, offload: false },
  'ds_z3_offload_config.json': { stage: 3, offload: true },
};

/**
 * DeepSpeed's settings for one of our names, as text of a JSON file; undefined for any other. What the trainer knows
 * (batch, accumulation, precision, clipping) is `auto`: it fills it in (Transformers, "DeepSpeed integration").
 */
export function zeroFile(name: string): string | undefined {
  const found = ZERO_FILES.find((one) => one === name);
  if (found === undefined) return undefined;
  const { stage, offload } = STAGES[found];
  const toHost = { device: 'cpu', pin_memory: true };
  const stageThree = {
    stage3_prefetch_bucket_size: 'auto',
    stage3_param_persistence_threshold: 'auto',
    stage3_gather_16bit_weights_on_model_save: true,
  };
  const settings = {
    train_batch_size: 'auto',
    train_micro_batch_size_per_gpu: 'auto',
    gradient_accumulation_steps: 'auto',
    gradient_clipping: 'auto',
    zero_allow_untested_optimizer: true,
    fp16: { enabled: 'auto' },
    bf16: { enabled: 'auto' },
    zero_optimization: {
      stage,
      overlap_comm: stage === 2,
      contiguous_gradients: true,
      reduce_bucket_size: 'auto',
      ...(stage === 3 ? stageThree : {}),
      ...(offload ? { offload_optimizer: toHost, offload_param: toHost } : {}),
    },
  };
  return `${JSON.stringify(settings, null, 2)}\n`;
}
