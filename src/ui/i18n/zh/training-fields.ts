import type { trainingFields as english } from '../en/training-fields.ts';
import type { Texts } from '../types.ts';

export const trainingFields: Texts<typeof english> = {
  'training.about.preset.cpu': 'CPU 上几分钟：float32，文本最长 512 个词元，一轮。',
  'training.about.preset.tutorial': '教程的设置：LoRA 秩 8，学习率 1e-4，两轮，fp16；原用 8 块 80 GB 显卡。',
  'training.about.preset.gpu-8gb': '一块 8 GB 显卡：4 位权重，秩 4，1024 个词元，每次一行。',
  'training.about.preset.gpu-12gb': '一块 12 GB 显卡：4 位权重，秩 8，2048 个词元，每次一行。',
  'training.about.preset.gpu-24gb': '一块 24 GB 显卡：bf16 权重上的 LoRA，秩 8，2048 个词元，每次两行。',
  'training.about.preset.gpu-48gb': '一块 48 GB 显卡：LoRA 秩 16，4096 个词元，每次四行。',
  'training.about.preset.gpu-80gb': '一块 80 GB 显卡：LoRA 秩 32，5120 个词元，每次八行。',
  'training.about.method.lora': '在冻结的权重旁学习小矩阵：保存和部署最省，一个基座可挂多个。',
  'training.about.method.qlora': '在压到 4 位的权重上做 LoRA：显存约为三分之一，稍慢；只能用 CUDA。',
  'training.about.method.full': '全部权重都学习：能改变最多，也最容易遗忘；每个参数约需 16 字节。',
  'training.about.method.freeze': '只有最后几层学习：介于 LoRA 与全量之间；得到的是完整模型而非适配器。',
  'training.about.stage.sft': '学习写出各行的答案。',
  'training.about.stage.dpo': '学习在两个答案中偏好一个；应从已经答得好的模型开始。',
  'training.about.template':
    '对话轮次的写法。自动：LLaMA-Factory 中与模型自带对话模板逐字一致的那个。指定的模板若写法不同会被拒绝。',
  'training.about.system':
    '每一行的系统文本，训练与服务中相同。按数据行自带：问答数据用教程的 “You are a helpful assistant.”',
  'training.about.gpus': '独占的 GPU 数：每块学习各自的一批，因此每步的行数随之增加。',
  'training.about.nodes':
    '同时使用的 Slurm 节点数，每个节点使用所选数量的 GPU（没有 GPU 时各一个进程）：每步的行数随之增加。',
  'training.about.embedder.negatives':
    '每步每行的错误文段数；与正确文段组成一组。教程：十个中每次抽七个。同批其他行的文段也算作错误。',
  'training.about.embedder.temperature': '区分相近文段的锐利程度：越小越锐利。教程：0.02。',
  'training.about.embedder.instruction':
    '每个查询前的基础模型指令，训练与使用中都有。教程中微调模型有而对比的基础模型没有；这里两者同样提问。',
  'training.about.embedder.evalSplit':
    '每个检查点时检索的部分：召回、MRR@10、nDCG@10 和损失成为曲线。自动：训练部分旁的 dev 或 test。',
  'training.about.embedder.keep':
    '哪一步成为嵌入模型：最后一步，或在留出行上检索最好的一步。请用 dev 选择，让 test 保持没见过。',
  'training.about.embedder.matryoshka': '向量可以截到的长度：更短的占用更少、检索更快，效果略差。完整长度总会训练。',
  'training.about.embedder.distill': '同时学习教师模型的分数：每行都须带有导入的 pos_scores 和 neg_scores。',
  'training.about.embedder.int8': '另制 NAME-int8：大小约四分之一，在 CPU 上更快；向量略有不同，因此是单独的嵌入模型。',
  'training.about.learning_rate':
    '每一步走多远。教程：LoRA 用 1e-4，较大的模型降到 5e-5；全部权重再小十倍。过大时损失会跳动。',
  'training.about.num_train_epochs': '每行看几遍。教程：2；行少时更多遍会死记硬背。',
  'training.about.max_steps': '到这么多步就结束，不管轮数；用于初次尝试。',
  'training.about.per_device_train_batch_size':
    '每个设备一次处理的行数。显存不足时减半，并把累积步数加倍：有效批量不变。',
  'training.about.gradient_accumulation_steps': '合成一步的批数：用时间换取更大的有效批量，不占显存。',
  'training.about.cutoff_len': '更长的行会被截断。教程：5120；显存随之增长。用 `dataset check` 看各行多长。',
  'training.about.max_samples': '最多使用这么多行。教程：20000。',
  'training.about.val_size': '留出的部分，用来看未见过的行上的损失：小于 1 为比例，否则为行数。教程：0.01。',
  'training.about.lora_rank':
    '适配器能学多少：每个矩阵 r·(d+k) 个数。教程：4、8、16 或 32，先用 8；显存不足时最先调低。',
  'training.about.lora_alpha': '适配器的强度：按 alpha/r 缩放。教程：秩的两倍。',
  'training.about.lora_dropout': '每步随机略去适配器的比例。教程：0；行少时用 0.05 到 0.1。',
  'training.about.lora_target': '哪些矩阵带适配器。教程：all；q_proj,v_proj 是最小的常用选择。',
  'training.about.use_rslora': '按 alpha/√r 缩放：让大的秩（32 以上）与小的同样有效。',
  'training.about.loraplus_lr_ratio': 'LoRA+：第二个矩阵学得快这么多倍；常用 16。',
  'training.about.quantization_bit': '冻结权重的位数：4 最省显存，8 精度稍高。',
  'training.about.freeze_trainable_layers': '学习最后这么多层（负数：最前面的层）。常用 2。',
  'training.about.pref_beta': '离起始模型多近：常用 0.1，越大越近。',
  'training.about.lr_scheduler_type': '学习率怎样下降。教程：cosine。',
  'training.about.warmup_steps': '学习率先上升：小于 1 为全部步数的比例。教程：0.1。',
  'training.about.disable_gradient_checkpointing':
    '开启时保留全部激活：快三分之一，但显存多得多。显存紧张的显卡上不要开启。',
  'training.about.logging_steps': '每隔多少步记一个曲线点。教程：10。',
  'training.about.save_steps': '每隔多少步存一个可恢复的检查点。教程：500。',
  'training.about.eval_steps': '每隔多少步算一次留出部分的损失。教程：500。',
  'training.about.packing': '把短行拼到截断长度：更快，但行与行会互相看到。',
};
