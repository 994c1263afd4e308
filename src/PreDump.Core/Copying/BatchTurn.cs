namespace PreDump.Core.Copying;

/// <summary>A batch's place in the order of all batches, which is that of the images.</summary>
/// <param name="Number">Counted from 0.</param>
/// <param name="Task">The task whose pages these are.</param>
/// <param name="IsFirst">Whether it is the task's first batch.</param>
/// <param name="IsLast">Whether it is the task's last batch.</param>
public sealed record BatchTurn(long Number, TaskCopy Task, bool IsFirst, bool IsLast);
