"""A workbook with what openpyxl cannot write: pictures in cells, check boxes, sparklines, rich and phonetic text."""

from pathlib import Path

from tests.unit.xlsx_parts import MAIN, OFFICE, SHEET, relationships, rows_of, sheet, write

_XM = "http://schemas.microsoft.com/office/excel/2006/main"
_X14 = "http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"
_RICH = "http://schemas.microsoft.com/office/spreadsheetml/2017/richdata"

# Rows 2 to 6 hold data below a header; column by column: number, URL, formula, picture, check box, dynamic array.
_ROWS = (
    '<c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>url</t></is></c>',
    '<c r="A2"><v>1</v></c><c r="B2" t="s" s="1"><v>1</v></c><c r="C2"><f t="shared" ref="C2:C4" si="0">LEN(B2)*$H$1'
    '</f><v>21</v></c><c r="D2" t="e" vm="1"><v>#VALUE!</v></c><c r="E2" t="b" s="2"><v>1</v></c>'
    '<c r="F2" cm="1" t="str"><f t="array" ref="F2">UPPER(B2)</f><v>X</v></c>',
    '<c r="A3"><v>2</v></c><c r="B3" t="s"><v>2</v></c><c r="C3"><f t="shared" si="0"/><v>22</v></c>'
    '<c r="E3" t="b" s="2"><v>0</v></c>',
    '<c r="A4"><v>3</v></c><c r="B4" t="inlineStr"><is><r><rPr><b/></rPr><t>https://c.example/</t></r><r><t>3.jpg</t>'
    '</r></is></c><c r="C4"><f t="shared" si="0"/><v>23</v></c>',
    "",  # row 5 is left out of the file below
    '<c r="A6"><v>5</v></c><c r="B6" t="s"><v>3</v></c><c r="C6"><f>B6&amp;"B6"</f><v>0</v></c>'
    '<c r="D6" t="e" vm="2"><v>#VALUE!</v></c>',
)
_STRINGS = (
    "<si><t>#</t></si>",
    "<si><t>https://a.example/1.jpg</t></si>",
    '<si><r><rPr><i/></rPr><t xml:space="preserve">https://b.example/</t></r><r><t>2.jpg</t></r></si>',
    '<si><t>見る</t><rPh sb="0" eb="1"><t>ミ</t></rPh><phoneticPr fontId="1"/></si>',
)
_EXTENSIONS = f"""<extLst><ext uri="{{05C60535-1F16-4fd2-B633-F4F36F0B64E0}}" xmlns:x14="{_X14}"><x14:sparklineGroups
 xmlns:xm="{_XM}"><x14:sparklineGroup><x14:colorSeries rgb="FF376092"/><x14:sparklines>
 <x14:sparkline><xm:f>Sheet1!A2:B2</xm:f><xm:sqref>C2</xm:sqref></x14:sparkline>
 <x14:sparkline><xm:f>Data!A6:D6</xm:f><xm:sqref>C6</xm:sqref></x14:sparkline>
 <x14:sparkline><xm:f>Sheet1!A2:A6</xm:f><xm:sqref>G1</xm:sqref></x14:sparkline>
 </x14:sparklines></x14:sparklineGroup></x14:sparklineGroups></ext>
 <ext uri="{{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}}" xmlns:x14="{_X14}"><x14:dataValidations xmlns:xm="{_XM}" count="1">
 <x14:dataValidation type="list"><x14:formula1><xm:f>Data!$A$1:$A$3</xm:f></x14:formula1><xm:sqref>C3:C4</xm:sqref>
 </x14:dataValidation></x14:dataValidations></ext></extLst>"""
_AFTER = f"""<mergeCells count="2"><mergeCell ref="B3:C3"/><mergeCell ref="H8:H9"/></mergeCells>
<conditionalFormatting sqref="B2:B6"><cfRule type="expression" priority="1"><formula>LEN(B2)&gt;9</formula></cfRule>
</conditionalFormatting>
<conditionalFormatting sqref="C2:C3"><cfRule type="dataBar" priority="2"><dataBar><cfvo type="min"/><cfvo type="max"/>
<color rgb="FF638EC6"/></dataBar></cfRule></conditionalFormatting>
<dataValidations count="2"><dataValidation type="list" sqref="C1:C100"><formula1>"keep,drop"</formula1></dataValidation>
<dataValidation type="list" sqref="B2 B4:B9"><formula1>$J$1:$J$3</formula1></dataValidation></dataValidations>
<hyperlinks><hyperlink ref="B6" r:id="rId1" tooltip="five"/><hyperlink ref="B2" location="Data!A1"/>
<hyperlink ref="A1" r:id="rId1"/></hyperlinks>
<ignoredErrors><ignoredError sqref="C2:C4" numberStoredAsText="1"/></ignoredErrors>
<drawing r:id="rId2"/>{_EXTENSIONS}"""

PARTS: dict[str, str | bytes] = {
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><workbookPr/><sheets>'
    '<sheet name="Data" sheetId="7" r:id="rId2"/><sheet name="Sheet1" sheetId="4" r:id="rId1"/></sheets>'
    '<definedNames><definedName name="all">Sheet1!$B$2:$B$6</definedName></definedNames><calcPr calcId="191029"/>'
    "</workbook>",
    "xl/_rels/workbook.xml.rels": relationships(
        ("rId1", "worksheet", "worksheets/sheet1.xml"),
        ("rId2", "worksheet", "/xl/worksheets/sheet2.xml"),
        ("rId3", "sharedStrings", "sharedStrings.xml"),
        ("rId4", "styles", "styles.xml"),
        ("rId5", "calcChain", "calcChain.xml"),
        ("rId6", "sheetMetadata", "metadata.xml"),
    ),
    SHEET: sheet(
        rows_of(*_ROWS).replace('<row r="5"></row>', "").replace('<row r="6">', '<row r="6" ht="40" spans="1:4">'),
        before='<dimension ref="A1:F6"/><sheetViews><sheetView workbookViewId="0"/></sheetViews>',
        after=_AFTER,
    ),
    "xl/worksheets/_rels/sheet1.xml.rels": relationships(
        ("rId1", "hyperlink", "https://d.example/5.jpg"), ("rId2", "drawing", "../drawings/drawing1.xml")
    ),
    "xl/worksheets/sheet2.xml": sheet(rows_of('<c r="A1"><v>1</v></c><c r="B1"><f>Sheet1!B2</f><v>0</v></c>')),
    "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{"".join(_STRINGS)}</sst>',
    "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts><fills count="3">'
    '<fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FFFFFF00"/></patternFill></fill></fills><borders count="1">'
    '<border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf fillId="0"/>'
    '<xf fillId="2" applyFill="1"/><xf fillId="0"><extLst><ext uri="{C7286773-470A-42A8-94C5-96B5CB345126}"/></extLst>'
    "</xf></cellXfs></styleSheet>",
    "xl/calcChain.xml": f'<calcChain xmlns="{MAIN}"><c r="C2" i="4"/><c r="C3"/><c r="C4"/><c r="B1" i="7"/>'
    '<c r="C6" i="4" l="1"/><c r="F2" a="1"/></calcChain>',
    "xl/metadata.xml": f'<metadata xmlns="{MAIN}" xmlns:x="{_RICH}"><futureMetadata name="XLRICHVALUE" count="2"/>'
    "</metadata>",
    "xl/richData/rdrichvalue.xml": f'<rvData xmlns="{_RICH}" count="2"/>',
    "xl/media/image1.png": b"\x89PNG\r\n\x1a\n" + bytes(200),
    "xl/drawings/drawing1.xml": '<xdr:wsDr xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/'
    'spreadsheetDrawing"><xdr:twoCellAnchor><xdr:from><xdr:col>1</xdr:col><xdr:row>3</xdr:row></xdr:from>'
    "<xdr:graphicFrame/></xdr:twoCellAnchor></xdr:wsDr>",
    "docProps/custom.xml": "<Properties/>",
}


def rich(folder: Path) -> Path:
    """Write the workbook; its data are B2:C6 of the tab Sheet1, the second one."""
    return write(folder / "rich.xlsx", PARTS)
