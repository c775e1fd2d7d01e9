import type { EngineDefinition } from '../types.ts';

export const flagembedding: EngineDefinition = {
  name: 'flagembedding',
  title: 'FlagEmbedding 1.4.2',
  purpose: 'fine-tunes embedders, and exports them to ONNX',
  licence: 'MIT',
  python: { min: [3, 11], max: [3, 12] },
  locks: { cpu: 'flagembedding.lock', cuda: 'flagembedding.lock' },
  diskBytes: 9_000_000_000,
  imports: ['FlagEmbedding.finetune.embedder.encoder_only.base', 'onnxscript', 'onnxruntime'],
  distributions: ['flagembedding', 'torch', 'transformers', 'onnx', 'onnxscript', 'onnxruntime'],
  environment: {
    HF_HUB_OFFLINE: '1',
    HF_DATASETS_OFFLINE: '1',
    DO_NOT_TRACK: '1',
    TOKENIZERS_PARALLELISM: 'false',
    PYTHONUNBUFFERED: '1',
  },
  cpuEnvironment: { CUDA_VISIBLE_DEVICES: '' },
};
