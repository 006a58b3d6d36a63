"""What a file is, whatever its name says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from disburse.reader.unreadable import Unreadable, damaged, encrypted, irregular

if TYPE_CHECKING:
    from disburse.reader.package import Package

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_STARTS = (
    (rb"%PDF", "PDF 文件", "a PDF file"),
    (rb"\{\\rtf", "RTF 文档", "an RTF document"),
    (rb"\xff\xd8\xff|\x89PNG|GIF8|BM|II\*\x00|MM\x00\*", "图片", "a picture"),
    (rb"Rar!|7z\xbc\xaf|\x1f\x8b|BZh|\xfd7zXZ", "压缩包", "an archive"),
    (rb"PK\x05\x06", "空的压缩包", "an empty archive"),
    (rb"MZ|\x7fELF", "程序", "a program"),
    (rb"mime-version:|content-type: *multipart|from: *<saved by", "网页（单个文件网页）", "a web page (web archive)"),
    (rb"[\x09][\x00\x02\x04\x08]..", "Excel 4.0 或更早的工作簿", "a workbook of Excel 4.0 or earlier"),
    (rb"ID;P", "SYLK 文件", "a SYLK file"),
    (rb"SQLite format 3", "数据库", "a database"),
)
_IN_MARKUP = (
    (rb"schemas-microsoft-com:office:spreadsheet", "“XML 表格 2003”文件", "an “XML Spreadsheet 2003” file"),
    (rb"<html|<!doctype html|<table|<meta|<body|<script|<div|<style", "网页", "a web page"),
    (rb"opendocument", "OpenDocument 文件", "an OpenDocument file"),
)
_IN_ARCHIVE = (
    ("xl/workbook.bin", "二进制工作簿（.xlsb）", "a binary workbook (.xlsb)"),
    ("word/document.xml", "Word 文档", "a Word document"),
    ("ppt/presentation.xml", "演示文稿", "a presentation"),
    ("content.xml", "OpenDocument 文件（.ods 等）", "an OpenDocument file (.ods or the like)"),
    ("index/document.iwa", "Numbers 或 Pages 文件", "a Numbers or Pages file"),
)
_IN_OLE = (
    ("WordDocument", "Word 文档", "a Word document"),
    ("PowerPoint Document", "演示文稿", "a presentation"),
    ("__properties_version1.0", "邮件", "a mail"),
)


def _in_fact(zh: str, en: str) -> Unreadable:
    return irregular(f"文件其实是{zh}，不是 Excel 工作簿", f"the file is in fact {en}, no Excel workbook")


def foreign(start: bytes) -> Unreadable:
    """Why a file that begins so is no workbook."""
    if not start:
        return irregular("文件是空的（0 字节）", "the file is empty (0 bytes)")
    for pattern, zh, en in _STARTS:
        if re.match(pattern, start, re.IGNORECASE | re.DOTALL):
            return _in_fact(zh, en)
    head = _narrow(start)
    if head.lstrip().startswith(b"<"):
        for pattern, zh, en in _IN_MARKUP:
            if re.search(pattern, head, re.IGNORECASE):
                return _in_fact(zh, en)
        return _in_fact("XML 文件", "an XML file")
    if not start.strip(b"\x00"):
        return damaged()
    if b"\x00" not in head and re.fullmatch(rb"[^\x00-\x08\x0e-\x1f]*", head):
        return _in_fact("文本文件", "a text file")
    return irregular("文件不是 Excel 工作簿，或已损坏", "the file is no Excel workbook, or it is damaged")


def _narrow(start: bytes) -> bytes:
    """The bytes without a byte order mark, and UTF-16 as plain text."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return start[: len(start) & ~1].decode("utf-16", "replace").encode()
    return start.removeprefix(b"\xef\xbb\xbf")


def check_archive(package: Package) -> None:
    """Raises Unreadable where the archive is a known kind of file, and no workbook."""
    if "xl/workbook.xml" not in package:
        for part, zh, en in _IN_ARCHIVE:
            if part in package:
                raise _in_fact(zh, en)
    if "encryptedpackage" in package:
        raise encrypted()


def foreign_ole(content: bytes) -> Unreadable:
    """Why a compound file without a readable workbook in it is none."""
    if "EncryptedPackage".encode("utf-16-le") in content:
        return encrypted()
    for stream, zh, en in _IN_OLE:
        if stream.encode("utf-16-le") in content:
            return _in_fact(zh, en)
    return damaged()
