@main
struct Roomwire {
    static func main() {}
}
