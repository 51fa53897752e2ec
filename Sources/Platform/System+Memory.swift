internal import CLinux

extension System {
    /// Makes the allocator return freed memory to the system. It takes long, so do not call it on a loop's thread.
    package static func returnFreedMemory() { malloc_trim(0) }
}
