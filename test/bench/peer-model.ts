import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { addLocalModel } from '../../src/models/own.ts';
import { packageRoot } from '../../src/platform/entry.ts';
import type { WorkspacePaths } from '../../src/platform/paths.ts';
import { ensureModels } from '../support/models.ts';
import { reasonOf } from './peer-process.ts';
import { cacheFolder, engineWithTorch } from './peer-python.ts';
import type { BenchContext } from './types.ts';

const run = promisify(execFile);
const TOKENS = 256;
export const PEER_MODEL = 'all-minilm-l6-v2-bench';

/** all-MiniLM-L6-v2 in float32, chromadb's own default, for all sides. */
export interface PeerModel {
  /** One ONNX file, with what fastembed and chromadb look for beside it. */
  readonly onnx: string;
  /** The weights it was made from, for torch; undefined when the ONNX file came from the hub. */
  readonly torch: string | undefined;
}

/** Made by our own exporter from the weights that a package carries, else pulled. Gives why not when it cannot be had. */
export async function ensurePeerModel({ scratch, log }: BenchContext): Promise<PeerModel | string> {
  const engine = engineWithTorch();
  const folder = path.join(cacheFolder(), 'why' in engine ? 'minilm-pulled' : 'minilm-exported');
  const marker = path.join(folder, '.made');
  mkdirSync(folder, { recursive: true });
  try {
    if ('why' in engine) {
      const [pulled] = await ensureModels(['all-minilm-l6-v2']);
      for (const [name, file] of Object.entries(pulled?.files ?? {})) copyFileSync(file, path.join(folder, name));
      addBeside(folder);
      return { onnx: folder, torch: undefined };
    }
    const [base] = await ensureModels(['all-minilm-l6-v2-base']);
    if (!base) throw new Error('no all-minilm-l6-v2-base');
    const made = { onnx: folder, torch: base.folder };
    if (existsSync(marker)) return made;
    log('all-MiniLM-L6-v2 to ONNX, float32 (once)');
    const task = path.join(scratch, 'export.json');
    const how = { pooling: 'mean', normalize: true, maxTokens: TOKENS, texts: ['one text'] };
    writeFileSync(task, JSON.stringify({ model: base.folder, target: folder, ...how }));
    const exporter = path.join(packageRoot(), 'workers', 'python', 'export_onnx.py');
    await run(engine.python, [exporter, task], { env: { ...process.env, HF_HUB_OFFLINE: '1' } });
    addBeside(folder);
    writeFileSync(marker, '');
    return made;
  } catch (error) {
    return `all-MiniLM-L6-v2 in ONNX: ${reasonOf(error)}`;
  }
}

/** chromadb only looks whether all of them are there. */
function addBeside(folder: string): void {
  writeFileSync(
    path.join(folder, 'tokenizer_config.json'),
    JSON.stringify({ model_max_length: TOKENS, pad_token: '[PAD]' }),
  );
  writeFileSync(path.join(folder, 'special_tokens_map.json'), '{}');
  writeFileSync(path.join(folder, 'vocab.txt'), '');
  const config = path.join(folder, 'config.json');
  if (!existsSync(config)) writeFileSync(config, JSON.stringify({ pad_token_id: 0 }));
}

/** The same file as an embedder of a workspace. */
export async function addPeerModel(paths: WorkspacePaths, { onnx }: PeerModel): Promise<void> {
  await addLocalModel(paths, {
    name: PEER_MODEL,
    path: onnx,
    kind: 'embedding',
    embedder: {
      pooling: 'mean',
      normalize: true,
      maxTokens: TOKENS,
      dimension: 384,
      dtype: 'f32',
      queryInstruction: '',
      passageInstruction: '',
    },
  });
}
