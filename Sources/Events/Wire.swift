// Code that uses events also uses their text, so one import provides both.
@_exported public import Wire
