internal import CLinux

extension System {
    /// Has the allocator give memory that was freed back to the system. It takes long: not for a loop's thread.
    package static func returnFreedMemory() { malloc_trim(0) }
}
