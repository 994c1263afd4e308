using PreDump.Images;
using Xunit;

namespace PreDump.Tests.Unit.Images;

public class ImageNamesTests
{
    [Fact]
    public void The_names_of_images_are_those_of_CRIU()
    {
        Assert.Equal("pagemap-12.img", ImageNames.Pagemap(12));
        Assert.Equal("pages-4294967295.img", ImageNames.Pages(uint.MaxValue));
        Assert.Equal("pagemap-shmem-18446744073709551615.img", ImageNames.PagemapShmem(ulong.MaxValue));
    }

    [Theory]
    [InlineData("pagemap-12.img", true)]
    [InlineData("pages-1.img", true)]
    [InlineData("inventory.img", true)]
    [InlineData("core-1.img", true)]
    [InlineData("stats-dump", false)]
    [InlineData("parent", false)]
    [InlineData("predump.log", false)]
    [InlineData("disk.IMG", false)]
    public void Images_are_known_by_their_name(string name, bool isImage) => Assert.Equal(isImage, ImageNames.IsImage(name));
}
