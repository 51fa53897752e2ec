// Whoever knows events handles their text: one import gives both.
@_exported public import Wire
