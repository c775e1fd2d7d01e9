import type { FailureKind } from '../../src/training/failures/types.ts';

export interface FailureSample {
  readonly name: string;
  /** Where such a text was seen. The samples are short reproductions of our own, in its form. */
  readonly seen: string;
  readonly text: string;
  readonly signal?: NodeJS.Signals;
  readonly kind: FailureKind;
  readonly rank: number | null;
  readonly memory?: { readonly asked: number | null; readonly free: number | null; readonly total: number | null };
  /** Must be among the lines that are shown. */
  readonly line: RegExp;
}

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;
const bytes = (number: number, unit: number): number => Math.round(number * unit);

const frames = (mark = ''): string =>
  ['Traceback (most recent call last):', '  File "launcher.py", line 23, in <module>', '    launch()']
    .map((line) => `${mark}${line}`)
    .join('\n');
const afterwards = (rank: number, code: number): string =>
  [
    'Traceback (most recent call last):',
    '  File "torchrun", line 8, in <module>',
    '    sys.exit(main())',
    'torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ',
    '============================================================',
    'launcher.py FAILED',
    '------------------------------------------------------------',
    'Failures:',
    '  <NO_OTHER_FAILURES>',
    '------------------------------------------------------------',
    'Root Cause (first observed failure):',
    '[0]:',
    '  time      : 2026-11-15_05:50:46',
    '  host      : node-0',
    `  rank      : ${rank} (local_rank: ${rank})`,
    `  exitcode  : ${code} (pid: 18572)`,
    '  error_file: <N/A>',
    '============================================================',
  ].join('\n');

/** What engines print when they fail, by what was seen in issues of theirs and of PyTorch. */
export const FAILURE_SAMPLES: readonly FailureSample[] = [
  {
    name: 'CUDA, since PyTorch 2.1',
    seen: 'https://github.com/hiyouga/LlamaFactory/issues/1936',
    text: `${frames()}\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate 136.00 MiB. GPU 0 has a total capacity of 23.65 GiB of which 93.81 MiB is free. Process 62200 has 21.98 GiB memory in use. Of the allocated memory 21.51 GiB is allocated by PyTorch, and 2.30 MiB is reserved by PyTorch but unallocated.\n  0%|          | 0/30 [00:01<?, ?it/s]`,
    kind: 'memory',
    rank: null,
    memory: { asked: bytes(136, MiB), free: bytes(93.81, MiB), total: bytes(23.65, GiB) },
    line: /Tried to allocate 136\.00 MiB/,
  },
  {
    name: 'CUDA, PyTorch 2.0 with its misspelt word',
    seen: 'https://github.com/hiyouga/LlamaFactory/issues/1936',
    text: `${frames()}\ntorch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.50 GiB. GPU 0 has a total capacty of 23.65 GiB of which 93.81 MiB is free.`,
    kind: 'memory',
    rank: null,
    memory: { asked: bytes(1.5, GiB), free: bytes(93.81, MiB), total: bytes(23.65, GiB) },
    line: /capacty/,
  },
  {
    name: 'CUDA, PyTorch before 2.1',
    seen: 'https://github.com/hiyouga/LlamaFactory/issues/182',
    text: `${frames()}\ntorch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 50.00 MiB (GPU 0; 31.75 GiB total capacity; 5.22 GiB already allocated; 44.69 MiB free; 5.22 GiB reserved in total by PyTorch)`,
    kind: 'memory',
    rank: null,
    memory: { asked: bytes(50, MiB), free: bytes(44.69, MiB), total: bytes(31.75, GiB) },
    line: /total capacity/,
  },
  {
    name: 'CUDA in one of several processes, the others end later',
    seen: 'https://github.com/hiyouga/LlamaFactory/issues/7781',
    text: [
      frames('[rank5]: '),
      '[rank5]: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 270.00 MiB. GPU 5 has a total capacity of 23.65 GiB of which 208.06 MiB is free.',
      '[rank2]:[E321 02:07:08.4 ProcessGroupNCCL.cpp:607] [Rank 2] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=4, OpType=BROADCAST, Timeout(ms)=600000)',
      frames('[rank2]: '),
      '[rank2]: RuntimeError: Connection closed by peer',
      afterwards(5, 1),
    ].join('\n'),
    kind: 'memory',
    rank: 5,
    memory: { asked: bytes(270, MiB), free: bytes(208.06, MiB), total: bytes(23.65, GiB) },
    line: /GPU 5 has a total capacity/,
  },
  {
    name: 'CUDA of an asynchronous call',
    seen: 'https://github.com/pytorch/pytorch/issues/105839',
    text: `${frames()}\nRuntimeError: CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported at some other API call.`,
    kind: 'memory',
    rank: null,
    line: /CUDA error: out of memory/,
  },
  {
    name: 'cuBLAS has no room for its handle',
    seen: 'https://github.com/QwenLM/Qwen3/issues/873',
    text: `${frames()}\nRuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling \`cublasCreate(handle)\``,
    kind: 'memory',
    rank: null,
    line: /CUBLAS_STATUS_ALLOC_FAILED/,
  },
  {
    name: 'Apple',
    seen: 'https://github.com/pytorch/pytorch/issues/152351',
    text: `${frames()}\nRuntimeError: MPS backend out of memory (MPS allocated: 11.14 GB, other allocations: 6.65 GB, max allowed: 18.13 GB). Tried to allocate 375.40 MB on private pool. Use PYTORCH_MPS_HIGH_WATERMARK_RATIO=0.0 to disable upper limit for memory allocations (may cause system failure).`,
    kind: 'memory',
    rank: null,
    memory: { asked: bytes(375.4, MiB), free: null, total: bytes(18.13, GiB) },
    line: /MPS backend out of memory/,
  },
  {
    name: 'CPU',
    seen: 'https://github.com/pytorch/pytorch/pull/20618',
    text: `${frames()}\nRuntimeError: [enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 1178729664 bytes. Error code 12 (Cannot allocate memory)`,
    kind: 'memory',
    rank: null,
    memory: { asked: 1_178_729_664, free: null, total: null },
    line: /DefaultCPUAllocator/,
  },
  {
    name: 'CPU, as other builds say it',
    seen: 'https://github.com/lllyasviel/Fooocus/issues/237',
    text: `${frames()}\nRuntimeError: [enforce fail at alloc_cpu.cpp:72] data. DefaultCPUAllocator: not enough memory: you tried to allocate 26214400 bytes.`,
    kind: 'memory',
    rank: null,
    memory: { asked: 26_214_400, free: null, total: null },
    line: /not enough memory/,
  },
  {
    name: 'the kernel ends a child of torchrun',
    seen: 'https://github.com/hiyouga/LlamaFactory/issues/6608',
    text: [
      'E0112 10:01:02.1 api.py:869] failed (exitcode: -9) local_rank: 0 (pid: 93043) of binary: python',
      frames(),
      afterwards(0, -9),
    ].join('\n'),
    kind: 'killed',
    rank: 0,
    line: /exitcode\s*: -9/,
  },
  {
    name: 'the kernel ends a child, and the report is cut off',
    seen: 'https://github.com/meta-llama/llama/issues/856',
    text: `[2026-10-13 17:40:02,544] torch.distributed.elastic.multiprocessing.api: [ERROR] failed (exitcode: -9) local_rank: 3 (pid: 62498) of binary: python\n${frames()}`,
    kind: 'killed',
    rank: 3,
    line: /exitcode: -9/,
  },
  {
    name: 'killed without a word',
    seen: 'https://github.com/hiyouga/LlamaFactory/issues/6687',
    text: '',
    signal: 'SIGKILL',
    kind: 'killed',
    rank: null,
    line: /^$/,
  },
  {
    name: 'processes wait for each other',
    seen: 'https://github.com/hiyouga/LlamaFactory/issues/7396',
    text: [
      '[rank0]:[E321 02:07:08.408271257 ProcessGroupNCCL.cpp:607] [Rank 0] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=1580, OpType=ALLREDUCE, Timeout(ms)=600000) ran for 600060 milliseconds before timing out.',
      "terminate called after throwing an instance of 'c10::DistBackendError'",
      afterwards(0, -6),
    ].join('\n'),
    kind: 'distributed',
    rank: 0,
    line: /Watchdog caught collective operation timeout/,
  },
  {
    name: 'another process fails on its data; torchrun only counts it',
    seen: 'https://github.com/hiyouga/LlamaFactory/issues/6040',
    text: [frames('[rank1]: '), "[rank1]: KeyError: 'instruction'", afterwards(1, 1)].join('\n'),
    kind: 'data',
    rank: 1,
    line: /KeyError: 'instruction'/,
  },
  {
    name: 'a driver older than PyTorch',
    seen: 'https://pytorch.org/get-started/previous-versions/',
    text: `${frames()}\nRuntimeError: The NVIDIA driver on your system is too old (found version 11040). Please update your GPU driver.`,
    kind: 'version',
    rank: null,
    line: /too old/,
  },
  {
    name: 'torch and torchaudio of different CUDA versions',
    seen: 'reference: LLaMA-Factory with unpinned torch 2.15',
    text: `${frames()}\nRuntimeError: Detected that PyTorch and TorchAudio were compiled with different CUDA versions. PyTorch has CUDA version 13.2 whereas TorchAudio has CUDA version 13.0.`,
    kind: 'version',
    rank: null,
    line: /different CUDA versions/,
  },
  {
    name: 'a disk that fills up in the middle of a checkpoint',
    seen: 'https://github.com/pytorch/pytorch/blob/main/caffe2/serialize/inline_container.cc',
    text: `${frames()}\nRuntimeError: [enforce fail at inline_container.cc:664] . unexpected pos 64 vs 0\n`,
    kind: 'disk',
    rank: null,
    line: /unexpected pos/,
  },
  {
    name: 'a file that may not be written',
    seen: 'CPython',
    text: `${frames()}\nPermissionError: [Errno 13] Permission denied: 'train/trainer_log.jsonl'`,
    kind: 'permission',
    rank: null,
    line: /Permission denied/,
  },
  {
    name: 'a checkpoint of another training',
    seen: 'https://github.com/pytorch/pytorch/blob/main/torch/optim/optimizer.py',
    text: `${frames()}\nValueError: loaded state dict contains a parameter group that doesn't match the size of optimizer's group`,
    kind: 'resume',
    rank: null,
    line: /parameter group/,
  },
  {
    name: 'something nobody has seen',
    seen: 'made up',
    text: `${frames()}\nAssertionError: 7 is not 8\n 50%|##   | 3/6`,
    kind: 'unknown',
    rank: null,
    line: /7 is not 8/,
  },
];
