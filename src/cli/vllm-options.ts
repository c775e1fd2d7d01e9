import type { Command } from 'commander';
import { z } from 'zod';
import { type VllmFlag, type VllmOptions, vllmOptionsSchema } from '../serving/types.ts';
import { collect } from './define.ts';

const whole = z.coerce.number('a whole number').int('a whole number').positive();

/** The options of `deploy start` that only vLLM is told. */
export const vllmOptionShape = {
  dtype: vllmOptionsSchema.shape.dtype,
  quantization: z.string().min(1).optional(),
  gpuMemory: z.coerce.number('a share between 0 and 1').gt(0).max(1).optional(),
  tensorParallel: whole.optional(),
  pipelineParallel: whole.optional(),
  dataParallel: whole.optional(),
  ray: vllmOptionsSchema.shape.ray,
  maxNumSeqs: whole.optional(),
  lora: z.boolean().default(true),
  loraSlots: whole.optional(),
  maxLoraRank: whole.optional(),
  sleepMode: z.boolean().default(false),
  drain: z.coerce.number('seconds').int('whole seconds').nonnegative().optional(),
  flag: z.array(z.string().min(1)).default([]),
};
const shapeSchema = z.object(vllmOptionShape);

/** Adds them to a command. */
export const addVllmOptions = (command: Command): Command =>
  command
    .option('--dtype <type>', 'vLLM: auto, float32, float16 or bfloat16')
    .option('--quantization <method>', 'vLLM: how the weights are packed (awq, gptq, fp8 …)')
    .option('--gpu-memory <share>', 'vLLM: share of each GPU it may take, up to 1')
    .option('--tensor-parallel <n>', 'vLLM: GPUs that share each layer')
    .option('--pipeline-parallel <n>', 'vLLM: GPUs that share the layers')
    .option('--data-parallel <n>', 'vLLM: copies of the model')
    .option('--ray <address>', 'vLLM: on the GPUs of a Ray cluster that runs: "auto", or HOST:PORT of its head')
    .option('--max-num-seqs <n>', 'vLLM: requests computed in one step')
    .option('--lora-slots <n>', 'vLLM: adapters computed in one step (default: those given, and two)')
    .option('--max-lora-rank <n>', 'vLLM: largest rank that can be loaded later (default: 16, or that of those given)')
    .option('--no-lora', 'vLLM: take no adapters')
    .option('--sleep-mode', "vLLM: can give a GPU's memory back without a restart")
    .option('--drain <seconds>', 'vLLM: how long answers may go on after a stop (default: 10)')
    .option('--flag <name=value>', 'any other flag of vLLM; repeatable. Or write them after "--"', collect);

/** Only what was said. */
export function vllmOptions(options: z.output<typeof shapeSchema>, flags: VllmFlag[]): VllmOptions {
  const said = {
    dtype: options.dtype,
    quantization: options.quantization,
    gpuMemoryUtilization: options.gpuMemory,
    tensorParallel: options.tensorParallel,
    pipelineParallel: options.pipelineParallel,
    dataParallel: options.dataParallel,
    ray: options.ray,
    maxNumSeqs: options.maxNumSeqs,
    sleepMode: options.sleepMode || undefined,
    lora: options.lora ? undefined : false,
    loraSlots: options.loraSlots,
    maxLoraRank: options.maxLoraRank,
    drainSeconds: options.drain,
    flags: flags.length > 0 ? flags : undefined,
  };
  return vllmOptionsSchema.parse(Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)));
}
