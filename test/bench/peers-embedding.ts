import { resolveEmbedder, startEmbedder } from '../../src/models/embedder-client.ts';
import type { EmbedderProcess } from '../../src/models/embedder-types.ts';
import { TestWorkspace } from '../support/workspace.ts';
import { englishPassages } from './corpus.ts';
import { cpuSeconds } from './machine.ts';
import { addPeerModel, ensurePeerModel, PEER_MODEL, type PeerModel } from './peer-model.ts';
import { notHad, openPeer, type Peer, reasonOf } from './peer-process.ts';
import { engineWithTorch, type PeerPython, pythonWith } from './peer-python.ts';
import { interleave, pairedRatio, spread } from './stats.ts';
import type { BenchContext, Benchmark, BenchRow } from './types.ts';

const THREADS = 1;
const UNIT = 'texts/s';
/** A peer that lets one choose gets the fastest of these for it. */
const BATCHES = [8, 32, 256];
const OURS = 'ragtui';

export const peersEmbedding: Benchmark = {
  name: 'peers-embedding',
  about: 'all-MiniLM-L6-v2, float32, one thread: our embedder process, fastembed, sentence-transformers, chromadb',
  async run(context) {
    const model = await ensurePeerModel(context);
    if (typeof model === 'string') return [notHad(OURS, UNIT, model)];
    const { texts, origin } = await englishPassages(context.data, context.quick ? 96 : 256);
    const ours = await startOurs(context, model);
    const { peers, lost } = await startPeers(context, model, texts);
    const first = await ours.embed(texts, { kind: 'passage' });
    const cpu = new Map<string, number>();
    const measured = (name: string, pid: number | undefined, work: () => Promise<number>) => async () => {
      const before = cpuOf(pid);
      const seconds = await work();
      cpu.set(name, (cpu.get(name) ?? 0) + cpuOf(pid) - before);
      return texts.length / seconds;
    };
    const sides: Record<string, () => Promise<number>> = {
      [OURS]: measured(OURS, ours.pid, async () => {
        const started = performance.now();
        await ours.embed(texts, { kind: 'passage' });
        return (performance.now() - started) / 1000;
      }),
    };
    for (const { name, peer, batch } of peers) {
      await assertSameVectors(name, peer, texts, first.vectors);
      sides[name] = measured(name, peer.pid, async () => (await peer.embed(texts, batch)).seconds);
    }
    const speeds = await interleave(sides, context.quick ? 3 : 5);
    const own = speeds[OURS] ?? [];
    const tokens = first.tokens.reduce((sum, count) => sum + count, 0) / texts.length;
    return [
      { ...rowOf(OURS, own), note: `${texts.length} texts of ${origin}, ${tokens.toFixed(0)} tokens on average` },
      ...peers.map(({ name, peer, batch }) => ({
        ...rowOf(name, speeds[name] ?? []),
        ratio: pairedRatio(own, speeds[name] ?? []),
        note: `${peer.versions}, ${batchText(name, batch)}; it takes ${((cpu.get(name) ?? 0) / (cpu.get(OURS) ?? 0)).toFixed(2)}× our processor time`,
      })),
      ...lost,
    ];
  },
};

function rowOf(measure: string, speeds: readonly number[]): BenchRow {
  const { median: value, min, max } = spread(speeds);
  return { measure, value, unit: UNIT, min, max };
}

const batchText = (name: string, batch: number): string =>
  name === 'chromadb' ? 'every text padded to 256 tokens as it does' : `batch ${batch}, its fastest`;

const cpuOf = (pid: number | undefined): number => (pid === undefined ? Number.NaN : cpuSeconds(pid));

async function startOurs(context: BenchContext, model: PeerModel): Promise<EmbedderProcess> {
  const workspace = new TestWorkspace();
  context.defer(() => workspace.remove());
  await addPeerModel(workspace.paths, model);
  const resolved = await resolveEmbedder(workspace.paths, PEER_MODEL);
  // The peers run at nice 0 too.
  const ours = await startEmbedder(resolved, { threads: THREADS, nice: 0 });
  context.defer(() => ours.close());
  return ours;
}

async function startPeers({ scratch, log, defer }: BenchContext, model: PeerModel, texts: readonly string[]) {
  const torch = (): PeerPython => (model.torch === undefined ? { why: 'no weights for torch' } : engineWithTorch());
  const wanted: readonly [string, () => Promise<PeerPython> | PeerPython, string | undefined][] = [
    ['fastembed', () => pythonWith('fastembed', log), model.onnx],
    ['sentence-transformers', torch, model.torch],
    ['chromadb', () => pythonWith('chromadb', log), model.onnx],
  ];
  const peers: { name: string; peer: Peer; batch: number }[] = [];
  const lost: BenchRow[] = [];
  for (const [name, find, folder] of wanted) {
    const found = await find();
    if ('why' in found) {
      lost.push(notHad(name, UNIT, found.why));
      continue;
    }
    try {
      log(`starting ${name}`);
      const peer = await openPeer(found.python, { peer: name, folder: folder ?? '', threads: THREADS, scratch });
      defer(() => peer.close());
      peers.push({ name, peer, batch: name === 'chromadb' ? 0 : await bestBatch(peer, texts) });
    } catch (error) {
      lost.push(notHad(name, UNIT, reasonOf(error)));
    }
  }
  return { peers, lost };
}

async function bestBatch(peer: Peer, texts: readonly string[]): Promise<number> {
  const times: { batch: number; seconds: number }[] = [];
  for (const batch of BATCHES) times.push({ batch, seconds: (await peer.embed(texts, batch)).seconds });
  return times.reduce((best, side) => (side.seconds < best.seconds ? side : best)).batch;
}

/** A comparison of programs that do different things says nothing. */
async function assertSameVectors(
  name: string,
  peer: Peer,
  texts: readonly string[],
  ours: readonly Float32Array[],
): Promise<void> {
  const { vectors } = await peer.embed(texts.slice(0, 3), 1);
  const cosines = vectors.map((vector, at) =>
    vector.reduce((sum, value, column) => sum + value * (ours[at]?.[column] ?? 0), 0),
  );
  if (cosines.length === 3 && Math.min(...cosines) > 0.9999) return;
  throw new Error(`${name} makes other vectors: cosines ${cosines.join(', ')}.`);
}
