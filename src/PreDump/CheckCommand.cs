namespace PreDump;
internal static class CheckCommand { public static int Run(bool json) => 1; }
