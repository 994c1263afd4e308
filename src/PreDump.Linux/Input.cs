namespace PreDump.Linux;

/// <summary>Something the user supplied: a pid, a directory, a time limit. Each assembly declares the inputs that it uses
/// (<see cref="TreeInput"/> in this one); only the program knows what the user calls them, for example by which option.</summary>
/// <param name="Name">A name for debugging; no message shows it.</param>
public sealed record Input(string Name);
