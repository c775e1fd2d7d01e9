import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { TestWorkspace } from '../support/workspace.ts';
import { englishPassages } from './corpus.ts';
import { csv, timedIngest } from './ingest.ts';
import { addPeerModel, ensurePeerModel, PEER_MODEL, type PeerModel } from './peer-model.ts';
import { notHad, openPeer, type Peer, reasonOf } from './peer-process.ts';
import { type PeerPackage, pythonWith } from './peer-python.ts';
import { interleave, median, pairedRatio, spread } from './stats.ts';
import type { BenchContext, Benchmark, BenchRow } from './types.ts';

const UNIT = 'texts/s';
const OURS = 'ragtui';
/** Of our embedders in a job; the peers get the same. */
const JOB_NICENESS = 10;
const PEERS: readonly { name: string; needs: readonly PeerPackage[]; about: string }[] = [
  { name: 'chromadb', needs: ['chromadb'], about: 'its default embedding function, every text padded to 256 tokens' },
  {
    name: 'chromadb-fastembed',
    needs: ['chromadb', 'fastembed'],
    about: 'vectors by fastembed in batches of 16',
  },
];

export const peersIngest: Benchmark = {
  name: 'peers-ingest',
  about:
    'short texts read, embedded and stored for searching: our ingest job, chromadb on disk; same model, one thread',
  async run(context) {
    const model = await ensurePeerModel(context);
    if (typeof model === 'string') return [notHad(OURS, UNIT, model)];
    const { texts, origin } = await englishPassages(context.data, context.quick ? 96 : 400);
    const file = path.join(context.scratch, 'texts.csv');
    writeFileSync(file, csv(texts));
    const { peers, lost } = await startPeers(context, model);
    const whole: number[] = [];
    const sides: Record<string, () => Promise<number>> = {
      [OURS]: async () => {
        const { inside, around } = await ourIngest(model, file, texts.length);
        whole.push(texts.length / around);
        return texts.length / inside;
      },
    };
    for (const { name, peer } of peers) {
      sides[name] = async () => {
        const { seconds, count } = await peer.store(texts);
        if (count !== texts.length) throw new Error(`${name} stored ${count} of ${texts.length} texts`);
        return count / seconds;
      };
    }
    const speeds = await interleave(sides, context.quick ? 2 : 3);
    const own = speeds[OURS] ?? [];
    return [
      {
        ...rowOf(OURS, own),
        note: `${texts.length} rows of a CSV, ${origin}; its embedder starts with it, full text too is indexed; ${median(whole).toFixed(1)} texts/s from the launch of the job`,
      },
      ...peers.map(({ name, peer, about }) => ({
        ...rowOf(name, speeds[name] ?? []),
        ratio: pairedRatio(own, speeds[name] ?? []),
        note: `${peer.versions}, a fresh persistent client, model warm, texts in memory; ${about}`,
      })),
      ...lost,
    ];
  },
};

function rowOf(measure: string, speeds: readonly number[]): BenchRow {
  const { median: value, min, max } = spread(speeds);
  return { measure, value, unit: UNIT, min, max };
}

async function ourIngest(model: PeerModel, file: string, count: number): Promise<{ inside: number; around: number }> {
  const workspace = new TestWorkspace();
  try {
    await addPeerModel(workspace.paths, model);
    await workspace.createKb('bench', undefined, [PEER_MODEL]);
    const launch = () => workspace.launchIngest('bench', [file], { embedders: [PEER_MODEL] });
    const { report, wallSeconds } = await timedIngest(workspace, launch);
    if (report.embedded !== count) throw new Error(`${report.embedded} of ${count} texts were embedded`);
    return { inside: report.seconds, around: wallSeconds };
  } finally {
    await workspace.remove();
  }
}

async function startPeers({ scratch, log, defer }: BenchContext, { onnx }: PeerModel) {
  const peers: { name: string; about: string; peer: Peer }[] = [];
  const lost: BenchRow[] = [];
  for (const { name, needs, about } of PEERS) {
    try {
      let python = '';
      for (const need of needs) {
        const found = await pythonWith(need, log);
        if ('why' in found) throw new Error(found.why);
        python = found.python;
      }
      const peer = await openPeer(python, {
        peer: `${name}-store`,
        folder: onnx,
        threads: 1,
        scratch,
        niceness: JOB_NICENESS,
      });
      defer(() => peer.close());
      peers.push({ name, about, peer });
    } catch (error) {
      lost.push(notHad(name, UNIT, reasonOf(error)));
    }
  }
  return { peers, lost };
}
