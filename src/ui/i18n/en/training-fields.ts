/** What each preset, method and setting of an LLM's training does, with the tutorial's advice. Keys start with `training.about.`. */
export const trainingFields = {
  'training.about.preset.cpu': 'Minutes on a CPU: float32, texts up to 512 tokens, one epoch.',
  'training.about.preset.tutorial':
    'The tutorial’s settings: LoRA rank 8, 1e-4, two epochs, fp16; meant for 8 GPUs of 80 GB.',
  'training.about.preset.gpu-8gb': 'One card of 8 GB: 4-bit weights, rank 4, 1,024 tokens, one row at a time.',
  'training.about.preset.gpu-12gb': 'One card of 12 GB: 4-bit weights, rank 8, 2,048 tokens, one row at a time.',
  'training.about.preset.gpu-24gb':
    'One card of 24 GB: LoRA rank 8 over bf16 weights, 2,048 tokens, two rows at a time.',
  'training.about.preset.gpu-48gb': 'One card of 48 GB: LoRA rank 16, 4,096 tokens, four rows at a time.',
  'training.about.preset.gpu-80gb': 'One card of 80 GB: LoRA rank 32, 5,120 tokens, eight rows at a time.',
  'training.about.method.lora':
    'Small matrices beside the frozen weights learn: cheapest to keep and to serve, many beside one base.',
  'training.about.method.qlora':
    'LoRA over weights squeezed to 4 bits: about a third of the memory, somewhat slower; CUDA only.',
  'training.about.method.full':
    'All weights learn: most can change and most can be forgotten; about 16 bytes of memory a parameter.',
  'training.about.method.freeze':
    'Only the last layers learn: between LoRA and full; gives a whole model, not an adapter.',
  'training.about.stage.sft': 'Learns to write the answers of the rows.',
  'training.about.stage.dpo': 'Learns to prefer one of two answers; begin from a model that answers well already.',
  'training.about.template':
    'How turns are written. Automatic: LLaMA-Factory’s template that writes, letter for letter, what the model’s own does. Another one is refused if it writes otherwise.',
  'training.about.system':
    'System text of every row, in training and in serving alike. The rows’ own: of question data “You are a helpful assistant.”, as in the tutorial.',
  'training.about.gpus':
    'GPUs it has for itself. Each learns from a batch of its own: the rows of a step grow with them.',
  'training.about.nodes':
    'Slurm nodes it runs on at once, each with so many GPUs (one process where there are none): the rows of a step grow with them.',
  'training.about.embedder.negatives':
    'Wrong passages a row in each step, beside its right one. Tutorial: 7 of 10, drawn each time. Those of other rows of the batch count too.',
  'training.about.embedder.temperature':
    'How sharply near passages are told apart: smaller is sharper. Tutorial: 0.02.',
  'training.about.embedder.instruction':
    'The base’s instruction before every query, in training and in use. The tutorial asks its base without one; here both are asked alike.',
  'training.about.embedder.evalSplit':
    'Part that is searched at each checkpoint: recall, MRR@10, nDCG@10 and loss become curves. Automatic: dev or test beside the training part.',
  'training.about.embedder.keep':
    'Which step becomes the embedder: the last, or the one that found the held-out rows best. Choose by dev: test must stay unseen.',
  'training.about.embedder.matryoshka':
    'Lengths to which a vector may be cut: shorter ones need less room and time, and find a little less. The whole one is always trained.',
  'training.about.embedder.distill':
    'Learns from a teacher’s scores, too: every row must have pos_scores and neg_scores, imported with it.',
  'training.about.embedder.int8':
    'Makes NAME-int8 besides: a quarter of the size, faster on a CPU, its vectors a little other: an embedder of its own.',
  'training.about.learning_rate':
    'How far each step goes. Tutorial: 1e-4 for LoRA, down to 5e-5 for larger models; a tenth of that for whole weights. Too high: the loss jumps.',
  'training.about.num_train_epochs': 'How often every row is seen. Tutorial: 2; more on few rows learns them by heart.',
  'training.about.max_steps': 'Ends after so many steps, whatever the epochs say; for a first try.',
  'training.about.per_device_train_batch_size':
    'Rows at a time on one device. Halve it when memory is short, and double the accumulation: the effective batch stays.',
  'training.about.gradient_accumulation_steps':
    'Batches put together for one step: a larger effective batch for time instead of memory.',
  'training.about.cutoff_len':
    'Longer rows lose their end. Tutorial: 5120; memory grows with it. `dataset check` says how long the rows are.',
  'training.about.max_samples': 'Uses at most so many rows. Tutorial: 20000.',
  'training.about.val_size':
    'Part held out to see the loss on unseen rows: below 1 a share, else rows. Tutorial: 0.01.',
  'training.about.lora_rank':
    'How much the adapter can learn: r·(d+k) numbers a matrix. Tutorial: 4, 8, 16 or 32, begin with 8; the first to lower when memory is short.',
  'training.about.lora_alpha': 'How strongly the adapter counts: it is scaled by alpha/r. Tutorial: twice the rank.',
  'training.about.lora_dropout':
    'Share of the adapter left out at random in each step. Tutorial: 0; 0.05 to 0.1 on few rows.',
  'training.about.lora_target': 'Which matrices get one. Tutorial: all; q_proj,v_proj is the smallest usual choice.',
  'training.about.use_rslora': 'Scales by alpha/√r: keeps large ranks (from 32) as strong as small ones.',
  'training.about.loraplus_lr_ratio': 'LoRA+: the second matrix learns so many times faster; 16 is usual.',
  'training.about.quantization_bit':
    'Bits of the frozen weights: 4 for the least memory, 8 for a little more precision.',
  'training.about.freeze_trainable_layers': 'So many last layers learn (negative: the first). 2 is usual.',
  'training.about.pref_beta': 'How closely it stays with the model it began from: 0.1 is usual, more stays closer.',
  'training.about.lr_scheduler_type': 'How the learning rate falls. Tutorial: cosine.',
  'training.about.warmup_steps': 'The learning rate rises first: below 1 a share of all steps. Tutorial: 0.1.',
  'training.about.disable_gradient_checkpointing':
    'On: keeps all activations, a third faster for much more memory. Leave it off on a GPU that is short of memory.',
  'training.about.logging_steps': 'A point of the curve every so many steps. Tutorial: 10.',
  'training.about.save_steps': 'A checkpoint to resume from every so many steps. Tutorial: 500.',
  'training.about.eval_steps': 'The held-out loss every so many steps. Tutorial: 500.',
  'training.about.packing': 'Puts short rows together up to the cut-off: faster, but rows see each other.',
} as const;
