//! Small valid files: images and a document.

/// A bar chart as PNG.
pub(crate) const PNG: &[u8] = include_bytes!("images/chart.png");

/// The same chart.
pub(crate) const JPEG: &[u8] = include_bytes!("images/chart.jpg");

/// The same chart as SVG.
pub(crate) const SVG: &str = concat!(
    r#"<svg xmlns="http://www.w3.org/2000/svg" width="32" height="24" viewBox="0 0 32 24">"#,
    r##"<path fill="#5a3cc8" d="M3 14h5v9H3zM10 8h5v15h-5zM17 2h5v21h-5zM24 11h5v12h-5z"/></svg>"##,
);

/// A PDF of one page with one line of text.
pub(crate) fn pdf(title: &str) -> Vec<u8> {
    let line: String = title.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == ' ').collect();
    let content = format!("BT /F1 24 Tf 72 720 Td ({line}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut file = String::from("%PDF-1.4\n");
    let mut places = String::new();
    for (index, object) in objects.iter().enumerate() {
        places.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", index + 1));
    }
    let (count, start) = (objects.len() + 1, file.len());
    file.push_str(&format!("xref\n0 {count}\n0000000000 65535 f \n{places}"));
    file.push_str(&format!("trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"));
    file.into_bytes()
}
