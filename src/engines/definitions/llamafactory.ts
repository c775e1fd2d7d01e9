import type { EngineDefinition } from '../types.ts';

export const llamafactory: EngineDefinition = {
  name: 'llamafactory',
  title: 'LLaMA-Factory 0.9.5',
  purpose: 'fine-tunes LLMs',
  licence: 'Apache-2.0',
  python: { min: [3, 11], max: [3, 12] },
  // PyPI's torch carries CUDA and runs without a GPU as well; QLoRA's bitsandbytes is of use with one only.
  locks: { cpu: 'llamafactory.lock', cuda: 'llamafactory.cuda.lock' },
  diskBytes: 9_000_000_000,
  imports: ['llamafactory.train.tuner', 'gguf'],
  distributions: ['llamafactory', 'torch', 'transformers', 'peft', 'trl', 'accelerate', 'bitsandbytes?'],
  environment: {
    HF_HUB_OFFLINE: '1',
    HF_DATASETS_OFFLINE: '1',
    DO_NOT_TRACK: '1',
    GRADIO_ANALYTICS_ENABLED: 'False',
    TOKENIZERS_PARALLELISM: 'false',
    PYTHONUNBUFFERED: '1',
  },
  cpuEnvironment: { CUDA_VISIBLE_DEVICES: '' },
};
