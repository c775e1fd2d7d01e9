#!/usr/bin/env node
// Stands where an engine's Python would: answers our scripts and trains nothing, the way FAKE_ENGINE says.
//   ok (6 steps) | saves-last (and a checkpoint of the sixth) | wait (3 steps, then until TERM; saves a checkpoint)
//   gate (3 steps, then until there is a file `go`; fails where `fail` is in it)
//   oom | killed | hang (does not react to TERM) | torn (its last save is cut off the first time)
//   last-oom (of several processes the last one has no memory left)
//   last-hog (of several processes the last one takes a gigabyte)
//   no-export (cannot make ONNX) | no-newline | other-system | two-ends (prints an example in another format than the model's, then trains on)
import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { meet } from './fake-ranks.js';
import { CONSTANT_VECTOR, constantOnnx } from './tiny-onnx.js';

const STEPS = 6;
/** A safetensors file of one number. */
const TENSOR = Buffer.concat([
  Buffer.from(new BigUint64Array([60n]).buffer),
  Buffer.from('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'.padEnd(60)),
  Buffer.alloc(4),
]);
const PLANTED = ['no-newline', 'other-system', 'two-ends'];
const behaviour = process.env.FAKE_ENGINE ?? 'ok';
const given = process.argv.slice(2);
// torchrun starts a script once on each node.
const onNodes = given[1] === 'torch.distributed.run' && given[2] === '--nnodes';
const [first, second, third, fourth, ...rest] = onNodes ? given.slice(6) : given;
const ranks = await meet(onNodes ? Number(given[3]) : 1, fail);
if (ranks.world > 1) console.log(`process ${ranks.rank} of ${ranks.world} on ${process.env.SLURMD_NODENAME}`);

if (second?.endsWith('gguf_to_transformers.py')) convert(third, fourth);
else if (first === '-m' && second === 'llamafactory.cli' && third === 'train') await train(fourth);
else if (first?.endsWith('train_llm.py')) await train(second);
else if (first?.endsWith('train_embedder.py')) await trainEmbedder(second, [third, fourth, ...rest]);
else if (first === '-I' && second?.endsWith('export_onnx.py')) exportOnnx(third);
else throw new Error(`unexpected: ${process.argv.slice(2).join(' ')}`);

function convert(gguf, folder) {
  cpSync(path.join(path.dirname(gguf), 'transformers'), folder, { recursive: true });
  writeFileSync(path.join(folder, 'model.safetensors'), 'weights');
  console.log(JSON.stringify({ eos_token_id: 2, corrected: { eos_token_id: [1, 2] }, parameters: 7 }));
}

async function train(yaml) {
  const text = readFileSync(yaml, 'utf8');
  const setting = (key) => JSON.parse(new RegExp(`^${key}: (.*)$`, 'm').exec(text)?.[1] ?? 'null');
  const folder = setting('output_dir');
  if (!ranks.first) return doSteps(folder);
  writeFileSync(path.join(folder, 'engine.pid'), String(process.pid));
  printExample(setting('model_name_or_path'), path.join(setting('dataset_dir'), `${setting('dataset')}.jsonl`));
  // The real one loads the model now.
  if (PLANTED.includes(behaviour)) await pause(10_000);
  await doSteps(folder, path.join(folder, 'trainer_log.jsonl'), saveAdapter);
  // torn: the first time its last save is interrupted.
  const torn = behaviour === 'torn' && lastCheckpoint(folder) === 0;
  if (torn) checkpoint(folder, STEPS, saveAdapter);
  saveAdapter(folder, torn ? TENSOR.subarray(0, 20) : TENSOR);
}

/** As `train_embedder.py` does: its own file names where rows and held-out questions are, its flags the rest. */
async function trainEmbedder(ours, flags) {
  const { numbers, heldOut } = JSON.parse(readFileSync(ours, 'utf8'));
  const flag = (name) => flags[flags.indexOf(`--${name}`) + 1];
  const folder = flag('output_dir');
  if (!ranks.first) return doSteps(folder);
  writeFileSync(path.join(folder, 'engine.pid'), String(process.pid));
  for (const file of [flag('train_data'), path.join(flag('model_name_or_path'), 'model.safetensors'), heldOut]) {
    if (file !== null) readFileSync(file);
  }
  if (flags.includes('--resume_from_checkpoint'))
    readFileSync(path.join(flag('resume_from_checkpoint'), 'trainer_state.json'));
  else if (heldOut !== null) searched(numbers, 0);
  const save = (to) => {
    writeFileSync(path.join(to, 'model.safetensors'), TENSOR);
    for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
      cpSync(path.join(flag('model_name_or_path'), name), path.join(to, name));
    }
  };
  await doSteps(folder, numbers, save);
  if (heldOut !== null) searched(numbers, STEPS);
  save(folder);
}

const searched = (numbers, step) =>
  appendFileSync(
    numbers,
    `${JSON.stringify({ current_steps: step, total_steps: STEPS, 'eval_mrr@10': 0.5 + step / 20, eval_loss: 1 })}\n`,
  );

/** A model whose vectors are all the same, with torch's vectors beside it. */
function exportOnnx(task) {
  if (behaviour === 'no-export') fail('RuntimeError: it cannot be exported');
  const { model, target, texts } = JSON.parse(readFileSync(task, 'utf8'));
  readFileSync(path.join(model, 'model.safetensors'));
  mkdirSync(path.join(target, '1_Pooling'), { recursive: true });
  const write = (name, content) => writeFileSync(path.join(target, name), content);
  const { vocab } = JSON.parse(readFileSync(path.join(model, 'tokenizer.json'), 'utf8')).model;
  write('model.onnx', constantOnnx(Object.keys(vocab).length));
  cpSync(path.join(model, 'tokenizer.json'), path.join(target, 'tokenizer.json'));
  write('config.json', JSON.stringify({ hidden_size: CONSTANT_VECTOR.length }));
  write('1_Pooling/config.json', JSON.stringify({ pooling_mode_mean_tokens: true }));
  write('reference.json', JSON.stringify({ texts, vectors: texts.map(() => CONSTANT_VECTOR) }));
  console.log(JSON.stringify({ inputs: ['input_ids'], opset: 18, dimension: CONSTANT_VECTOR.length }));
}

/** From its last checkpoint to the end of its steps, or to where it is to stop; rows go to a file and are printed. */
async function doSteps(folder, rows, save) {
  let stopping = false;
  process.on('SIGTERM', () => {
    stopping = behaviour !== 'hang';
  });
  for (let step = lastCheckpoint(folder) + 1; step <= STEPS && !stopping; step += 1) {
    await pause(20);
    if (!ranks.first) {
      if (step === 3 && behaviour === 'last-oom' && ranks.rank === ranks.world - 1) outOfMemory();
      if (step === 3 && behaviour === 'last-hog' && ranks.rank === ranks.world - 1) await hog();
      stopping = await ranks.agree(stopping);
      continue;
    }
    const row = { current_steps: step, total_steps: STEPS, loss: 3 - step / 10, lr: 0.0001, epoch: step / STEPS };
    console.log(
      `{'loss': '${row.loss}', 'grad_norm': '0.${step}', 'learning_rate': '0.0001', 'epoch': '${row.epoch}'}`,
    );
    appendFileSync(rows, `${JSON.stringify(row)}\n`);
    if (step < 3) {
      stopping = await ranks.agree(stopping);
      continue;
    }
    if (behaviour === 'oom') outOfMemory();
    if (behaviour === 'killed') process.kill(process.pid, 'SIGKILL');
    while ((behaviour === 'wait' || behaviour === 'hang') && !stopping) await pause(20);
    const go = path.join(folder, 'go');
    while (behaviour === 'gate' && !stopping && !existsSync(go)) await pause(20);
    if (behaviour === 'gate' && !stopping && readFileSync(go, 'utf8') === 'fail') fail('RuntimeError: told to fail');
    // As the real one: the checkpoint is taken before the step under way is done, and that step is logged all the same.
    stopping = await ranks.agree(stopping);
    if (stopping) checkpoint(folder, step - 1, save);
    else if (behaviour === 'saves-last' && step === STEPS) checkpoint(folder, step, save);
  }
  ranks.leave();
}

function saveAdapter(folder, weights = TENSOR) {
  writeFileSync(path.join(folder, 'adapter_model.safetensors'), weights);
  writeFileSync(path.join(folder, 'adapter_config.json'), JSON.stringify({ r: 8, lora_alpha: 16 }));
}

/** The first row as the real one prints it, in ChatML of single bytes. */
function printExample(base, rows) {
  const { model, added_tokens: added } = JSON.parse(readFileSync(path.join(base, 'tokenizer.json'), 'utf8'));
  const plain = (byte) => (byte > 32 && byte < 127) || (byte > 160 && byte < 173) || byte > 173;
  let next = 256;
  const characters = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(plain(byte) ? byte : next++));
  const special = new RegExp(`(${added.map(({ content }) => content.replaceAll('|', '\\|')).join('|')})`);
  const encode = (text) =>
    text
      .split(special)
      .flatMap((part) =>
        part in model.vocab && part.length > 1
          ? [model.vocab[part]]
          : [...Buffer.from(part)].map((byte) => model.vocab[characters[byte]]),
      );
  const row = JSON.parse(readFileSync(rows, 'utf8').split('\n')[0]);
  const system = behaviour === 'other-system' ? 'You are another.' : row.system;
  const question = `<|im_start|>user\n${row.instruction}<|im_end|>${behaviour === 'no-newline' ? '' : '\n'}`;
  const prompt = `<|im_start|>system\n${system}<|im_end|>\n${question}<|im_start|>assistant\n`;
  const answer = `${row.output}<|im_end|>${behaviour === 'two-ends' ? '<|im_end|>' : ''}\n`;
  const [asked, learnt] = [encode(prompt), encode(answer)];
  const list = (ids) => `[${ids.join(', ')}]`;
  console.log(`training example:\ninput_ids:\n${list([...asked, ...learnt])}\ninputs:\n${prompt}${answer}`);
  console.log(`label_ids:\n${list([...asked.map(() => -100), ...learnt])}\nlabels:\n${answer}`);
}

function checkpoint(folder, step, save) {
  const at = path.join(folder, `checkpoint-${step}`);
  mkdirSync(at);
  save(at);
  writeFileSync(path.join(at, 'optimizer.pt'), `momenta of step ${step}`);
  writeFileSync(path.join(at, 'trainer_state.json'), JSON.stringify({ global_step: step, max_steps: STEPS }));
}

function lastCheckpoint(folder) {
  if (!existsSync(folder)) return 0;
  const steps = readdirSync(folder).flatMap((name) => /^checkpoint-(\d+)$/.exec(name)?.[1] ?? []);
  return Math.max(0, ...steps.map(Number));
}

async function hog() {
  const taken = Array.from({ length: 16 }, () => Buffer.alloc(64 << 20, 1));
  while (taken.length > 0) await pause(1000);
}

function outOfMemory() {
  fail("RuntimeError: DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.");
}

function fail(message) {
  console.error(`Traceback (most recent call last):\n${message}`);
  process.exit(1);
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
