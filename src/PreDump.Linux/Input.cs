namespace PreDump.Linux;

/// <summary>Something that the user gave: a pid, a directory, a time limit. Each assembly declares those that it knows
/// (<see cref="TreeInput"/> here); what the user calls them, an option on a command line say, only the program knows.</summary>
/// <param name="Name">For a debugger; no message shows it.</param>
public sealed record Input(string Name);
